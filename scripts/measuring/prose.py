"""Sentences to speak, in plain words that are spelled in one way: some to set bounds by, others to test with."""

from __future__ import annotations

TUNING = """\
The old bridge was closed for repairs until the end of spring.
My sister keeps three bees nests behind the garden wall.
We waited an hour for the bus, and then we walked home.
The library opens late on Thursday because of the meeting.
He wrote a long letter to his mother and forgot to send it.
Copper conducts heat far better than glass or wood.
The baker sells warm bread before the sun is up.
Nobody in the village had ever seen the sea.
A small boat drifted past the lighthouse in the fog.
The teacher asked the children to draw their own street.
Rain fell all night, and the river rose above its banks.
She learned to play the violin when she was seven.
The museum has a room full of clocks that still run.
Our train stopped twice in the tunnel without a reason.
They planted apple trees along the road to the mill.
The doctor said that the wound would heal in a week.
Every morning the fisherman mends his nets by the door.
The price of salt has hardly changed in ten years.
I left my umbrella in the office on the second floor.
The mountain path is steep, but the view is worth it.
Two men carried the piano up the narrow stairs.
The soup was cold, so the waiter brought another bowl.
A letter from the bank arrived this afternoon.
The cat slept on the warm stone until evening came.
Please tell the driver to wait at the north gate.
The engineer measured the crack in the wall again.
Birds build their nests under the roof of the barn.
The concert began with a song that everyone knew.
He paid for the ticket with a handful of coins.
The wind turned, and the smoke moved toward the town.
""".splitlines()

TEST = """\
The farmer counted his sheep twice before closing the gate.
A blue lamp burned all night in the kitchen window.
The pilot spoke calmly while the plane turned around.
Fresh snow covered the tracks of the fox by morning.
My uncle repairs radios in a shop near the station.
The judge listened to both sides and said nothing.
We carried water from the well until the tank was full.
The girl folded the map and put it in her pocket.
Sugar and flour were cheaper on the other side of town.
The carpenter cut the plank a little too short.
An old song came from the radio in the next room.
The nurse wrote the numbers on a board by the bed.
They found a silver ring in the sand after the storm.
The lake freezes in January and melts in April.
He answered every question except the last one.
The market was crowded, and nobody noticed the dog.
Our neighbors painted their fence a bright yellow.
The guide warned us about the loose stones ahead.
She closed the book and looked out at the rain.
The factory stopped work when the power failed.
A crow dropped a nut on the road and waited.
The captain ordered the crew to lower the sails.
Four candles stood on the table beside the bread.
The boy hid behind the curtain and held his breath.
The letter was short, but it changed her plans.
Dry leaves gathered in the corner of the yard.
The tailor needs two days to finish the coat.
I could hear the church bell from across the valley.
The map shows a road that does not exist any more.
Heavy trucks are not allowed to cross the wooden bridge.
""".splitlines()

SPANISH = """\
El tren sale a las ocho de la mañana desde la estación del norte.
Mi abuela prepara una sopa muy buena con verduras del jardín.
Los niños juegan en la plaza hasta que se pone el sol.
""".splitlines()

FRENCH = """\
Le marché ouvre à sept heures et ferme avant midi.
Ma sœur habite une petite maison près de la rivière.
Nous avons attendu le bus pendant une heure sous la pluie.
""".splitlines()

# With names of people, drugs and products that the model has seldom or never seen.
NAMES = """\
Doctor Okonkwo prescribed apixaban and told him to stop the naproxen.|Okonkwo, apixaban, naproxen
The nurse gave her forty milligrams of pantoprazole at noon.|pantoprazole
Please send the invoice to Mister Przybylski before Friday.|Przybylski
Our warehouse in Ogbomosho ran out of the Zentrix filters.|Ogbomosho, Zentrix
Amara Nwachukwu will chair the meeting on Monday.|Nwachukwu, Amara
The patient reacted badly to sulfasalazine last year.|sulfasalazine
We installed the Velorix pump beside the old boiler.|Velorix
Sergeant Kowalczyk found the bag under the seat.|Kowalczyk
Ask Siobhan whether the Quintavo update is ready.|Siobhan, Quintavo
She takes levothyroxine every morning before breakfast.|levothyroxine
The Brantley Hexaflow valve was closed by mistake.|Brantley, Hexaflow
Mister Adebayo flew from Enugu to Port Harcourt.|Adebayo, Enugu, Harcourt
The trial compares dabigatran with rivaroxaban.|dabigatran, rivaroxaban
Captain Thorvaldsen signed the papers in Tromso.|Thorvaldsen, Tromso
The Nimbalyst sensor fails when it gets wet.|Nimbalyst
Call Ifeoma and tell her that Chukwudi has arrived.|Ifeoma, Chukwudi
Their lawyer, Missus Papadopoulos, asked for more time.|Papadopoulos
He was given ceftriaxone and later azithromycin.|ceftriaxone, azithromycin
The Kestrivon app cannot read the older files.|Kestrivon
Professor Szymanski wrote the first chapter.|Szymanski
Take two tablets of montelukast in the evening.|montelukast
The road from Abeokuta to Ijebu is closed.|Abeokuta, Ijebu
Update the Farloq router before you restart it.|Farloq
Nurse Oyelaran checked the dose of enoxaparin.|Oyelaran, enoxaparin
Our partner in Gdansk is called Wojciech.|Gdansk, Wojciech
The Ardelphi contract ends in the autumn.|Ardelphi
Mister Vandenberghe ordered nine crates of Solvanta.|Vandenberghe, Solvanta
She switched from sertraline to escitalopram.|sertraline, escitalopram
The ferry to Zanzibar was late, said Mwangi.|Zanzibar, Mwangi
Doctor Ranganathan doubts the Myrafen study.|Ranganathan, Myrafen
Press the red key on the Oxtrell panel.|Oxtrell
Missus Eze asked for ondansetron after the operation.|Eze, ondansetron
The Lumivance lamps are cheaper than the old ones.|Lumivance
Inspector Bhattacharya arrived before the rain.|Bhattacharya
They gave the child amoxicillin and ibuprofen.|amoxicillin, ibuprofen
The village of Llanfair has one shop and a church.|Llanfair
Send the Trivexa samples to Professor Nakagawa.|Trivexa, Nakagawa
He mixed up hydroxyzine and hydralazine.|hydroxyzine, hydralazine
Chidinma sold her Pexaro shares too early.|Chidinma, Pexaro
The bridge at Kwara was built by Olatunji and sons.|Kwara, Olatunji
We ordered the Brevitol cream for his hands.|Brevitol
Mister Hrafnsson teaches music in the evening.|Hrafnsson
Start the Calyptra service and open the report.|Calyptra
The dose of warfarin was reduced by Doctor Menendez.|warfarin, Menendez
Zainab and Yewande share a flat in Surulere.|Zainab, Yewande, Surulere
The Noctirel drops must be kept in the fridge.|Noctirel
Judge Fitzwilliam read the letter from Mister Dlamini.|Fitzwilliam, Dlamini
Her cat is called Tchaikovsky and hates the rain.|Tchaikovsky
The clinic buys metformin and empagliflozin.|metformin, empagliflozin
Engineer Balasubramanian tested the Fluxomar engine.|Balasubramanian, Fluxomar
""".splitlines()
