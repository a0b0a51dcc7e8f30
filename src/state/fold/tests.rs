//! The same state with and without the probe.

use proptest::prelude::*;

use super::*;
use crate::fast_reader::server::tests::LINES as SERVER_LINES;
use crate::fast_reader::tests::{Damage, LINES, damage, wrapped};
use crate::lines::{Chunk, StreamChunker};

fn state(text: &[u8], chunk_size: usize, probing: bool) -> State {
    let mut folder = StateBuilder::new(&Options::default(), 1);
    folder.probing = probing;
    let mut reader = text;
    let mut chunker = StreamChunker::new(&mut reader, chunk_size, 5000);
    let (mut chunk, mut seq) = (Chunk::default(), 0);
    while chunker.next(&mut chunk).unwrap() {
        folder.chunk(InputRef { label: "a", compression: "none", seq, only: false }, &chunk);
        seq += 1;
    }
    folder.into_state()
}

#[test]
fn what_stands_before_a_broken_line_does_not_decide_what_it_is() {
    // Found by fuzzing: a member that only a blank more or less moved out of the part that is looked at.
    let line = format!("{{\"x\":\"{}\"\"event.a\"", "x".repeat(200 - 15));
    for before in ["", " ", "   "] {
        let input = &state(format!("{before}{line}\n").as_bytes(), 1 << 20, true).inputs[0];
        assert_eq!((input.undecodable_lines, input.garbage_lines), (1, 0), "{before:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn the_probe_changes_no_state(
        picks in prop::collection::vec((0..LINES.len() + SERVER_LINES.len(), prop::collection::vec(any::<Damage>(), 0..2), 0_usize..6), 1..30),
        chunk_size in prop::sample::select(vec![300_usize, 2000, 1 << 20]),
    ) {
        let mut lines = Vec::new();
        for (pick, damages, envelope) in &picks {
            let line = LINES.get(*pick).copied().unwrap_or_else(|| SERVER_LINES[*pick - LINES.len()].0);
            let line = line.as_bytes().to_vec();
            let mut line = wrapped(&line).into_iter().nth(*envelope).unwrap_or(line);
            lines.push(line.clone());
            if let Some(one) = damages.first() {
                damage(&mut line, one);
                lines.push(line);
            }
        }
        let text = lines.join(&b'\n');
        prop_assert_eq!(state(&text, chunk_size, true), state(&text, chunk_size, false));
    }
}
