//! Part files of somebody who means harm: what is mutated is the state behind the compression, and the sizes and the checksum
//! are right again. Such a part is refused, or it is read back as it was written, its report adds up, and it can be merged.
#![no_main]

use esaudit::internals::document::formats::{Form, Style, View};
use esaudit::internals::options::Options;
use esaudit::internals::part::{MAGIC, Part, Problems, Reading, VERSION};
use esaudit::internals::pipeline::{Inputs, Request, merge_parts};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

mod report;

/// Memory that a part may take.
const MOST: u64 = 100 << 20;

/// Bytes of a state that are enough to reach everything; more make each run slower.
const LONGEST: usize = 1 << 16;

/// Bytes of the checksum at the end.
const CHECKSUM: usize = 16;

/// What stands in a part, as the module `part` describes it: version of the program, how it was read, problems, and the size.
type Header = (String, Reading, Problems, u64);

/// A part without compression and checksum.
struct Unpacked {
    header: Header,
    pieces: Vec<u8>,
    state: Vec<u8>,
}

fn unpack(part: &[u8]) -> Option<Unpacked> {
    let (_, rest) = part.strip_prefix(MAGIC)?.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (header, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let (header, pieces) = postcard::take_from_bytes(header).ok()?;
    let compressed = rest.get(..rest.len().checked_sub(CHECKSUM)?)?;
    let state = zstd::bulk::decompress(compressed, LONGEST).ok()?;
    Some(Unpacked { header, pieces: pieces.to_vec(), state })
}

fn pack(unpacked: &Unpacked) -> Option<Vec<u8>> {
    let Unpacked { header: (tool, reading, problems, _), pieces, state } = unpacked;
    let mut header = postcard::to_stdvec(&(tool, reading, problems, state.len() as u64)).ok()?;
    header.extend(pieces);
    let mut out = [MAGIC.as_slice(), &VERSION.to_le_bytes(), &u32::try_from(header.len()).ok()?.to_le_bytes()].concat();
    out.extend(header);
    out.extend(zstd::bulk::compress(state, 1).ok()?);
    let checksum = xxhash_rust::xxh3::xxh3_128(&out);
    out.extend(checksum.to_le_bytes());
    Some(out)
}

/// Changes bytes as libFuzzer does.
fn mutate(bytes: &mut Vec<u8>) {
    let size = bytes.len();
    bytes.resize((size + 64).min(LONGEST), 0);
    let most = bytes.len();
    let size = fuzzer_mutate(bytes, size.min(most), most);
    bytes.truncate(size);
}

/// Puts another number where one stands, which bytes changed one by one seldom do.
fn renumber(bytes: &mut Vec<u8>, seed: u32) {
    if bytes.is_empty() {
        return;
    }
    let from = seed as usize / 64 % bytes.len();
    let Ok((number, rest)) = postcard::take_from_bytes::<u64>(&bytes[from..]) else { return };
    let to = bytes.len() - rest.len();
    let other = match seed % 12 {
        0 => 0,
        1 => 1,
        2 | 3 => number.wrapping_add(1),
        4 | 5 => number.wrapping_sub(1),
        6 => number << 1,
        7 => u64::from(u32::MAX),
        8 => 1 << 40,
        9 => 1 << 50,
        10 => u64::MAX,
        _ => u64::MAX >> 1,
    };
    let Ok(written) = postcard::to_stdvec(&other) else { return };
    bytes.splice(from..to, written);
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let Some(mut unpacked) = unpack(&data[..size]) else { return fuzzer_mutate(data, size, max_size) };
    match seed % 16 {
        0 => mutate(&mut unpacked.pieces),
        1..8 => renumber(&mut unpacked.state, seed / 16),
        _ => mutate(&mut unpacked.state),
    }
    match pack(&unpacked) {
        Some(part) if part.len() <= max_size => {
            data[..part.len()].copy_from_slice(&part);
            part.len()
        }
        _ => size,
    }
});

fn bytes(part: &Part) -> Vec<u8> {
    let mut bytes = Vec::new();
    assert!(part.write(&mut bytes).is_ok());
    bytes
}

/// The report of a part, its lines having added up.
fn reported(part: Part, threads: usize) -> Vec<u8> {
    let options = Options { threads, ..Options::default() };
    let view = View { style: Style { width: 80, ..Style::default() }, top: Some(None), ..View::default() };
    report::of(Request::new(Inputs::Part(Box::new(part)), options), &view, &[Form::Json, Form::Lines])
}

fuzz_target!(|data: &[u8]| {
    let Ok(part) = Part::parse_within(data, MOST) else { return };
    assert!(Part::parse(&bytes(&part)).is_ok_and(|again| again == part));
    assert!(reported(part.clone(), 1) == reported(part.clone(), 2));
    let other = include_bytes!("../../testdata/es-1.esa");
    let Ok(other) = Part::parse(other) else { return };
    let name = |name: &str| name.to_owned();
    if let Ok(merged) = merge_parts([(name("one"), part), (name("other"), other)], &Options::default()) {
        let written = bytes(&merged);
        assert!(Part::parse(&written).is_ok_and(|again| bytes(&again) == written));
        reported(merged, 1);
    }
});
