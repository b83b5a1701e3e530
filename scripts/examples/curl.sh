#!/bin/sh
# Speaks a sentence and has it transcribed, with curl.
set -eu
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
jq -n '{text: "Good morning from this machine.", voice_id: "af_heart"}' |
    curl -fsS "$VOCABOX_BASE/voice/tts" -H "Authorization: Bearer $VOCABOX_KEY" \
        -H 'Content-Type: application/json' -d @- -o "$folder/speech.wav"
curl -fsS "$VOCABOX_BASE/voice/stt" -H "Authorization: Bearer $VOCABOX_KEY" \
    -F file=@"$folder/speech.wav" -F language=en | jq -r .transcript
