//! What limits left out of what was read, in plain words.

use super::State;

impl State {
    /// What limits left out, a phrase each, with the option that sets the limit; empty where nothing was. Powerful actions, of each
    /// kind of which the first are kept, are not among it.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let oversized: u64 = self.inputs.iter().map(|input| input.oversized_lines).sum();
        let counted = &self.counted_only;
        let merged = u64::from(counted.merged && counted.attempts + counted.actors == 0);
        let told = [
            (oversized, "line is", "lines are", "skipped, longer than --max-line"),
            (counted.attempts, "attempt is", "attempts are", "left out, for which memory is short (--max-memory)"),
            (counted.actors, "client is", "clients are", "left out with its successes, memory is short (--max-memory)"),
            (merged, "part was", "parts were", "scanned with too little memory for all attempts (--max-memory)"),
            (
                self.evicted.events,
                "realm failure is",
                "realm failures are",
                "left out of chains, too many waited (--max-in-flight)",
            ),
            (
                self.documents_left_out,
                "document is",
                "documents are",
                "not compared and may count twice, memory is short (--max-memory)",
            ),
        ];
        let phrase = |(count, one, many, how): (u64, &str, &str, &str)| {
            let what = if count == 1 { one } else { many };
            format!("{count} {what} {how}")
        };
        told.into_iter().filter(|(count, ..)| *count > 0).map(phrase).collect()
    }
}
