//! Times as people of other languages write them.

/// Times as people of other languages write them: `1. März 2026 @ 12:34:56.789`, `12 avril 2026 @ …`, `4月 12, 2026 @ …` (Kibana),
/// `12.04.2026 07:15:30` (spreadsheets). Where day and month could change places it is no time. Given as ISO 8601 without a zone.
pub(super) fn as_iso(text: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(text).ok()?;
    let (date, clock) = match text.split_once(" @ ") {
        Some(parts) => parts,
        None => text.split_once([' ', ','])?,
    };
    let (mut day, mut month, mut year) = (None, None, None);
    let dotted = date.matches('.').count() == 2 && date.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    for part in date.split([' ', ',', '.']).filter(|part| !part.is_empty()) {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let number = part[..digits].parse::<u32>().ok();
        match (digits, &part[digits..]) {
            (4, "" | "年") => year = number,
            (1 | 2, "月" | "월") => month = number,
            (1 | 2, "" | "日" | "일") if day.is_none() => day = number,
            (1 | 2, "") if dotted && month.is_none() => month = number,
            (0, name) => month = month.or(month_of_language(name)),
            _ => return None,
        }
    }
    let (year, month, day) = (year?, month?, day?);
    Some(format!("{year:04}-{month:02}-{day:02}T{}", clock.trim()))
}

/// Begins of the names of months by which languages in which Kibana runs tell them apart, lower case, longer ones first where
/// one begins with another (CLDR's names, which browsers and moment.js use).
const MONTHS_OF_LANGUAGES: [(&str, u32); 45] = [
    ("juin", 6),
    ("juil", 7),
    ("jan", 1),
    ("jän", 1),
    ("ene", 1),
    ("gen", 1),
    ("sty", 1),
    ("feb", 2),
    ("fev", 2),
    ("fév", 2),
    ("lut", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("mrt", 3),
    ("maa", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("kwi", 4),
    ("may", 5),
    ("mai", 5),
    ("mag", 5),
    ("mei", 5),
    ("maj", 5),
    ("jun", 6),
    ("giu", 6),
    ("cze", 6),
    ("jul", 7),
    ("lug", 7),
    ("lip", 7),
    ("aug", 8),
    ("aoû", 8),
    ("aou", 8),
    ("ago", 8),
    ("sie", 8),
    ("sep", 9),
    ("set", 9),
    ("wrz", 9),
    ("oct", 10),
    ("okt", 10),
    ("out", 10),
    ("ott", 10),
    ("nov", 11),
    ("dec", 12),
];

fn month_of_language(name: &str) -> Option<u32> {
    let name = name.to_lowercase();
    let others = [("dez", 12), ("déc", 12), ("dic", 12), ("gru", 12), ("lis", 11), ("paź", 10)];
    let known = MONTHS_OF_LANGUAGES.into_iter().chain(others);
    known.into_iter().find(|(start, _)| name.starts_with(start)).map(|(_, month)| month)
}
