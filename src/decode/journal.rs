//! Entries of the journal whose message `journalctl -o json` leaves out: of fields above 4,096 bytes it writes `null`, unless it is
//! asked for all (`journalctl(1)`, `--all`).

use crate::error::DecodeError;

/// What is wrong with such an entry of Elasticsearch or OpenSearch; `None` for whatever else a line is.
pub(super) fn lost_message(line: &[u8]) -> Option<DecodeError> {
    let holds = |text: &str| memchr::memmem::find(line, text.as_bytes()).is_some();
    let lost = || [r#""MESSAGE":null"#, r#""MESSAGE" : null"#, r#""MESSAGE": null"#].into_iter().any(holds);
    let of_node = || ["elasticsearch", "opensearch"].into_iter().any(holds);
    (holds(r#""__REALTIME_TIMESTAMP""#) && lost() && of_node()).then(|| {
        DecodeError::at(
            0,
            "an entry whose message journalctl left out, as it is long; export with --all, or in another format",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::try_decode;

    #[test]
    fn a_message_that_the_journal_left_out_is_told() {
        let entry = |unit: &str, message: &str| {
            format!(
                r#"{{"__REALTIME_TIMESTAMP":"1772366460000000","_SYSTEMD_UNIT":"{unit}.service","MESSAGE":{message}}}"#
            )
        };
        assert!(try_decode(&entry("elasticsearch", "null")).is_err());
        for (unit, message) in [("elasticsearch", "\"x\""), ("sshd", "null")] {
            assert!(try_decode(&entry(unit, message)).is_ok(), "{unit} {message}");
        }
    }
}
