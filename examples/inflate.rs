//! Inflates gzip files on some threads and throws the text away: the lower bound for reading them (`benches/race.py`).
//!
//! `inflate THREADS FILE...`

#![allow(clippy::print_stdout, reason = "a command-line example")]

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

fn inflate(path: &str) -> io::Result<u64> {
    let mut reader = flate2::bufread::MultiGzDecoder::new(BufReader::with_capacity(256 << 10, File::open(path)?));
    let mut buffer = vec![0; 1 << 20];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(total),
            count => total += count as u64,
        }
    }
}

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1);
    let files: Vec<String> = arguments.collect();
    let (next, total) = (AtomicUsize::new(0), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let work = || -> io::Result<()> {
            while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                total.fetch_add(inflate(path)?, Ordering::Relaxed);
            }
            Ok(())
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())))
    })?;
    println!("{}", total.into_inner());
    Ok(())
}
