//! How much memory the machine has.

use crate::options::DEFAULT_MAX_MEMORY;

/// Bytes of address space that the program, its libraries and the stack of its first thread take: 40 MiB were measured.
const PROGRAM: u64 = 64 << 20;

/// Bytes of address space that a thread takes before it holds anything: glibc reserves twice the 64 MiB of an arena to find an
/// aligned half (`HEAP_MAX_SIZE` in malloc/arena.c), and its stack is 2 MiB.
const THREAD: u64 = 130 << 20;

/// A quarter of the memory that this process may use: of the machine, or of its container (cgroup v2) or what is left to it of
/// what it is limited to (`ulimit -v`, `ulimit -d`) where that is less. [`DEFAULT_MAX_MEMORY`] where none is told.
#[must_use]
pub fn default_limit() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let process = limits().and_then(|text| allowed(&text)).map(|bytes| bytes.saturating_sub(PROGRAM));
    [machine, container, process].into_iter().flatten().min().map_or(DEFAULT_MAX_MEMORY, |bytes: u64| bytes / 4)
}

/// How many threads have room in the address space that this process is limited to (`ulimit -v`), one at least; `None` without a
/// limit.
#[must_use]
pub fn most_threads() -> Option<usize> {
    limits().and_then(|text| soft(&text, ADDRESS_SPACE)).map(threads_within)
}

fn threads_within(bytes: u64) -> usize {
    usize::try_from(bytes.saturating_sub(PROGRAM) / THREAD).unwrap_or(usize::MAX).max(1)
}

/// What this process is limited to, where the system says it (proc_pid_limits(5): name, soft, hard, unit).
fn limits() -> Option<String> {
    std::fs::read_to_string("/proc/self/limits").ok()
}

/// How `/proc/self/limits` calls what `ulimit -v` sets.
const ADDRESS_SPACE: &str = "Max address space";

/// The limit of that name that holds now, `None` if there is none.
fn soft(limits: &str, name: &str) -> Option<u64> {
    limits.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The smaller of the limits that are about memory, in bytes.
fn allowed(limits: &str) -> Option<u64> {
    [soft(limits, ADDRESS_SPACE), soft(limits, "Max data size")].into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found() {
        assert_eq!(total("MemFree: 1 kB\nMemTotal:       24576 kB\n"), Some(24576 * 1024));
        assert_eq!(total("MemTotal: many\n"), None);
        assert!(default_limit() > 0);
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max data size             unlimited            unlimited            bytes     \n\
                      Max address space         163840000            unlimited            bytes     \n";
        assert_eq!(allowed(limits), Some(163_840_000));
        assert_eq!(allowed(&limits.replace("163840000", "unlimited")), None);
        assert_eq!([0, 200 << 20, 330 << 20, 1 << 40].map(threads_within), [1, 1, 2, 8065]);
    }
}
