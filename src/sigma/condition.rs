//! Conditions: which selections of a rule have to hold.

/// A condition; selections by number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    Is(usize),
    Not(Box<Condition>),
    All(Vec<Condition>),
    Any(Vec<Condition>),
}

/// How deep brackets may lie in each other.
const DEEPEST: usize = 32;

impl Condition {
    /// Reads a condition over selections of these names.
    pub(super) fn parse(text: &str, names: &[String]) -> Result<Self, String> {
        if text.contains('|') {
            return Err("conditions that count (`| count()`) are not supported; correlations are".to_owned());
        }
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let mut reader = Reader { words: spaced.split_whitespace().collect(), at: 0, names };
        let condition = reader.any(0)?;
        match reader.next() {
            None => Ok(condition),
            Some(word) => Err(format!("the condition goes on with {word}")),
        }
    }

    /// Whether it holds, of selections that hold or not.
    pub(super) fn holds(&self, selected: &dyn Fn(usize) -> bool) -> bool {
        match self {
            Self::Is(at) => selected(*at),
            Self::Not(inner) => !inner.holds(selected),
            Self::All(list) => list.iter().all(|one| one.holds(selected)),
            Self::Any(list) => list.iter().any(|one| one.holds(selected)),
        }
    }
}

struct Reader<'c> {
    words: Vec<&'c str>,
    at: usize,
    names: &'c [String],
}

impl<'c> Reader<'c> {
    fn next(&mut self) -> Option<&'c str> {
        let word = self.words.get(self.at).copied();
        self.at += 1;
        word
    }

    /// Takes a word if it comes next.
    fn takes(&mut self, expected: &str) -> bool {
        let is_next = self.words.get(self.at).is_some_and(|word| word.eq_ignore_ascii_case(expected));
        self.at += usize::from(is_next);
        is_next
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut list = vec![self.all(depth)?];
        while self.takes("or") {
            list.push(self.all(depth)?);
        }
        Ok(one_or(list, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut list = vec![self.one(depth)?];
        while self.takes("and") {
            list.push(self.one(depth)?);
        }
        Ok(one_or(list, Condition::All))
    }

    fn one(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > DEEPEST {
            return Err("a condition that is too deep".to_owned());
        }
        if self.takes("not") {
            return Ok(Condition::Not(Box::new(self.one(depth + 1)?)));
        }
        if self.takes("(") {
            let inner = self.any(depth + 1)?;
            return if self.takes(")") { Ok(inner) } else { Err("a bracket that is not closed".to_owned()) };
        }
        let word = self.next().ok_or("the condition ends too early")?;
        let of = self.words.get(self.at).is_some_and(|next| next.eq_ignore_ascii_case("of"));
        if !of {
            return self
                .names
                .iter()
                .position(|name| name == word)
                .map(Condition::Is)
                .ok_or(format!("no selection {word}"));
        }
        self.at += 1;
        let which = self.next().ok_or("the condition ends too early")?;
        let chosen: Vec<Condition> =
            (0..self.names.len()).filter(|&at| is_meant(which, &self.names[at])).map(Condition::Is).collect();
        match word.to_ascii_lowercase().as_str() {
            _ if chosen.is_empty() => Err(format!("no selection {which}")),
            "all" => Ok(one_or(chosen, Condition::All)),
            "1" | "any" => Ok(one_or(chosen, Condition::Any)),
            other => Err(format!("`{other} of` is not supported")),
        }
    }
}

/// Whether `them` or a name with a `*` at the end means a selection; those that begin with `_` are not meant by `them`.
fn is_meant(which: &str, name: &str) -> bool {
    match which.split_once('*') {
        Some((begin, end)) => name.len() >= begin.len() + end.len() && name.starts_with(begin) && name.ends_with(end),
        None => which == name || (which.eq_ignore_ascii_case("them") && !name.starts_with('_')),
    }
}

fn one_or(mut list: Vec<Condition>, of: fn(Vec<Condition>) -> Condition) -> Condition {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        last => {
            list.extend(last);
            of(list)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_read_as_written() {
        let names: Vec<String> = ["sel_a", "sel_b", "filter", "_own"].map(str::to_owned).to_vec();
        let holds =
            |text: &str, held: &[usize]| Condition::parse(text, &names).unwrap().holds(&|at| held.contains(&at));
        for (text, held, expected) in [
            ("sel_a and not filter", &[0][..], true),
            ("sel_a and not filter", &[0, 2], false),
            ("sel_a or sel_b and filter", &[0], true),
            ("(sel_a or sel_b) and filter", &[0], false),
            ("1 of sel_*", &[1], true),
            ("all of sel_*", &[1], false),
            ("all of them", &[0, 1, 2], true),
            ("not (1 of sel_*)", &[2], true),
        ] {
            assert_eq!(holds(text, held), expected, "{text} of {held:?}");
        }
        for text in ["", "sel_a and", "(sel_a", "sel_a sel_b", "nothing", "2 of them", "1 of x*", "sel_a | count() > 5"]
        {
            assert!(Condition::parse(text, &names).is_err(), "{text}");
        }
        assert!(Condition::parse(&"(".repeat(5000), &names).is_err());
    }
}
