#!/usr/bin/env bash
# Makes clip.aac, a minute of soft chords to publish: AAC-LC, 48 kHz, stereo, 128 kb/s, ADTS.
#
# It plays four chords three times. A new chord begins every five seconds while the last one fades.
# Each note has two weak overtones, a quiet bell plays above, and echoes sound like a room. The clip
# has no silence, so a listener who hears silence knows that audio was missing.
set -euo pipefail

clip=${1:-$(dirname "${BASH_SOURCE[0]}")/clip.aac}

# Dmaj7, Bm7, Gmaj7, A7sus4: their notes in Hz.
chords=("146.83 220.00 277.18 369.99" "123.47 220.00 293.66 369.99"
  "98.00 246.94 293.66 369.99" "110.00 220.00 293.66 392.00")
bells=(587.33 739.99 587.33 493.88)

# channel DETUNE BELL_GAIN GAIN…: the sound of one channel as an expression for FFmpeg's aevalsrc,
# with a gain for each note of a chord. The two channels differ, which sounds wide.
channel() {
  local detune=$1 bell_gain=$2 gains=("${@:3}") notes i n since phase sound=0
  for i in "${!chords[@]}"; do
    read -ra notes <<<"${chords[i]}"
    since="mod(t+20-5*$i,20)"
    sound+="+lt($since,10)*pow(sin(PI*$since/10),2)*(0"
    for n in "${!notes[@]}"; do
      phase="2*PI*$detune*${notes[n]}*t"
      sound+="+${gains[n]}*(sin($phase)+0.22*sin(2*$phase)+0.08*sin(3*$phase))"
    done
    sound+=")"
    # The bell, twice a chord: it rises in a sixtieth of a second, and then fades.
    sound+="+eq(mod(floor((t+1.25)/2.5),4),$i)*$bell_gain*sin(2*PI*${bells[i]}*t)"
    sound+="*min(1,60*mod(t+1.25,2.5))*exp(-2.2*mod(t+1.25,2.5))"
  done
  printf '%s' "$sound"
}

left=$(channel 0.9985 0.08 0.20 0.24 0.12 0.20)
right=$(channel 1.0015 0.12 0.20 0.12 0.24 0.14)

ffmpeg -hide_banner -v error -y -bitexact \
  -f lavfi -i "aevalsrc='$left|$right':s=48000:c=stereo:d=60" \
  -af "lowpass=5000,aecho=0.85:0.6:83|197|331:0.32|0.22|0.15,afade=in:d=1,afade=out:st=57:d=3" \
  -t 60 -c:a aac -b:a 128k -flags +bitexact -f adts "$clip"
