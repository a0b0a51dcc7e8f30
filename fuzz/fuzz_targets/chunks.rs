//! Lines, documents, CSV and cut container records: the portions in which an input comes do not show, no record is longer
//! than the limit allows, and every line of a file that is read by lines is met once.
#![no_main]

use esaudit::internals::framing::{Chunker, FramingKind};
use esaudit::internals::lines::{Chunk, length, lines};
use libfuzzer_sys::fuzz_target;

/// Every line of every chunk, with its number and note.
fn all(text: &[u8], cut: FramingKind, chunk_size: usize, limit: usize) -> Vec<String> {
    let mut reader = text;
    let mut chunker = Chunker::new(cut, &mut reader, chunk_size, limit);
    let (mut chunk, mut found) = (Chunk::default(), Vec::new());
    while let Ok(true) = chunker.next(&mut chunk) {
        for (at, line) in lines(chunk.bytes()).enumerate() {
            let note = chunk.notes.iter().find(|(line, _)| *line as usize == at).map(|(_, note)| note);
            assert!(note.is_none() || line.is_empty());
            // Of the NUL bytes of a hole one may stand for all.
            let hole = line.len() - length(line);
            let line = &line[hole.saturating_sub(1)..];
            let shown = if length(line) > limit { "too long".into() } else { String::from_utf8_lossy(line) };
            let too_long = matches!(note, Some(esaudit::internals::lines::Note::Oversized));
            let number = (!chunk.numbers.is_empty()).then(|| chunk.numbers.get(at as u64));
            found.push(if too_long {
                format!("{number:?} too long")
            } else {
                format!("{number:?} {shown}{}", note.map_or(String::new(), |note| format!("{note:?}")))
            });
        }
        if chunk.oversized_tail {
            found.push("None too long".to_owned());
        }
    }
    assert_eq!(chunker.bytes(), text.len() as u64);
    found
}

fuzz_target!(|data: &[u8]| {
    let Some((&[how, size, limit], text)) = data.split_first_chunk() else { return };
    let limit = usize::from(limit) * 4 + 1;
    let names = [
        None,
        Some("lines"),
        Some("documents"),
        Some("containers"),
        Some("csv"),
        Some("rubydebug"),
        Some("requests"),
        Some("cri"),
        Some("server-log"),
    ];
    let forced = names[usize::from(how) % names.len()];
    let cut = FramingKind::of(text, forced);
    let whole = all(text, cut, 1 << 20, limit);
    assert_eq!(whole, all(text, cut, usize::from(size) + 1, limit));
    if cut == FramingKind::Lines || cut == FramingKind::Parts {
        assert_eq!(whole.len(), lines(text).count());
    }
});
