use super::*;

const VOICES: usize = 12;

/// A toy world in which a voice's embedding is a smooth function of its place.
struct World {
    stock: Vec<Vec<f32>>,
}

impl World {
    fn new() -> Self {
        let mut state = 5_u32;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        };
        World {
            stock: (0..VOICES)
                .map(|_| (0..16).map(|_| random()).collect())
                .collect(),
        }
    }

    fn heard(&self, place: &[f32]) -> Measured {
        let bent = place
            .iter()
            .enumerate()
            .map(|(n, p)| 1.5 + (p + 0.3 * place[(n + 3) % 16]).tanh());
        Measured {
            direction: unit(bent.collect()),
            pitch: Some(Pitch {
                median: 4.0 * place[8],
                range: 6.0,
            }),
            spectrum: vec![place[1], -place[1]],
            pace: 4.0,
        }
    }
}

fn search(world: &World, target: Measured) -> Search {
    let stock: Vec<Measured> = world.stock.iter().map(|p| world.heard(p)).collect();
    Search::new(Space::new(world.stock.clone()), &stock, target)
}

#[test]
fn the_search_comes_nearer_than_any_stock_voice() {
    let world = World::new();
    let hidden = BlendWeights {
        timbre: [vec![0.4, 0.0, 0.6], vec![0.0; VOICES - 3]].concat(),
        prosody: [vec![0.0, 0.5, 0.0, 0.5], vec![0.0; VOICES - 4]].concat(),
    };
    let target = world.heard(&Space::new(world.stock.clone()).place(&hidden));
    let mut search = search(&world, target);
    let before = search.best().score;
    for _ in 0..30 {
        let blend = search.propose();
        let sums = [&blend.timbre, &blend.prosody].map(|w| w.iter().sum::<f32>());
        assert!(sums.iter().all(|s| (s - 1.0).abs() < 1e-3), "{sums:?}");
        let measured = world.heard(&search.space.place(&blend));
        search.learn(blend, measured);
    }
    let after = search.best().score;
    assert!(
        1.0 - after < 0.4 * (1.0 - before),
        "{before} became {after}"
    );
}

#[test]
fn the_regression_finds_a_blend_that_is_more_alike_than_any_voice() {
    let world = World::new();
    let hidden = BlendWeights {
        timbre: [vec![0.5, 0.0, 0.5], vec![0.0; VOICES - 3]].concat(),
        prosody: [vec![0.5, 0.0, 0.5], vec![0.0; VOICES - 3]].concat(),
    };
    let target = world.heard(&Space::new(world.stock.clone()).place(&hidden));
    let mut search = search(&world, target.clone());
    let cosine = |measured: &Measured| -> f32 {
        let pairs = measured.direction.iter().zip(&target.direction);
        pairs.map(|(a, b)| a * b).sum()
    };
    let nearest = search
        .tried()
        .iter()
        .map(|t| cosine(&t.measured))
        .fold(0.0, f32::max);
    let first = search.propose();
    assert!((first.timbre.iter().sum::<f32>() - 1.0).abs() < 1e-3);
    let found = cosine(&world.heard(&search.space.place(&first)));
    assert!(found > nearest, "{found} and {nearest}");
}

#[test]
fn what_is_settled_on_lies_between_the_best_and_the_nearest_stock_voice() {
    let world = World::new();
    let mut search = search(&world, world.heard(&world.stock[7]));
    let far = BlendWeights::stock(2, VOICES);
    // One measurement says that the other blend is as good.
    search.learn(far, world.heard(&world.stock[7]));
    let settled = search.settled(2);
    assert_eq!((settled.timbre[7], settled.timbre[2]), (0.625, 0.375));
    assert_eq!(settled.prosody.iter().sum::<f32>(), 1.0);
}

#[test]
fn what_is_heard_again_counts_as_the_mean_of_what_was_heard() {
    let world = World::new();
    let mut search = search(&world, world.heard(&world.stock[7]));
    let heard = [2, 3, 4].map(|n: usize| world.heard(&world.stock[n]));
    search.learn(BlendWeights::stock(1, VOICES), heard[0].clone());
    let at = search.tried().len() - 1;
    search.hear_again(at, heard[1].clone());
    search.hear_again(at, heard[2].clone());
    let together = mean(&mean(&heard[0], 1, &heard[1]), 2, &heard[2]);
    let score = search.tried()[at].score;
    assert_eq!(score, likeness(&together, search.target()));
    let each = heard.map(|h| likeness(&h, search.target()));
    // The blend of equal weights is nearer than the stock voices are on average.
    assert!(
        score > each.iter().sum::<f32>() / 3.0 + 0.01,
        "{score} {each:?}"
    );
}

#[test]
fn the_best_is_first_and_proposals_repeat() {
    let world = World::new();
    let target = world.heard(&world.stock[7]);
    let (mut one, mut other) = (search(&world, target.clone()), search(&world, target));
    assert_eq!(one.best().blend, BlendWeights::stock(7, VOICES));
    assert_eq!(one.propose(), other.propose());
}
