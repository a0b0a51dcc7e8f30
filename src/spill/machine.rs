//! How much memory the machine has.

use crate::options::DEFAULT_MAX_MEMORY;

/// A quarter of the memory that this process may use: of the machine, or of its container (cgroup v2) or what the process is
/// limited to (`ulimit -v`, `ulimit -d`) where that is less. [`DEFAULT_MAX_MEMORY`] where none is told.
#[must_use]
pub fn default_limit() -> u64 {
    let machine = std::fs::read_to_string("/proc/meminfo").ok().and_then(|text| total(&text));
    let container = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok().and_then(|text| text.trim().parse().ok());
    let process = std::fs::read_to_string("/proc/self/limits").ok().and_then(|text| allowed(&text));
    [machine, container, process].into_iter().flatten().min().map_or(DEFAULT_MAX_MEMORY, |bytes: u64| bytes / 4)
}

/// `MemTotal` of `/proc/meminfo`, in bytes.
fn total(meminfo: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The smaller of the limits in `/proc/self/limits` that are about memory, in bytes (proc_pid_limits(5): name, soft, hard, unit).
fn allowed(limits: &str) -> Option<u64> {
    let soft =
        |name: &str| limits.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok();
    [soft("Max address space"), soft("Max data size")].into_iter().flatten().min()
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
    }
}
