//! Where many accounts come from, as the command line says it.

/// Where accounts come from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Addresses {
    /// Each from so many of its own, at least and at most.
    Own(u32, u32),
    /// Each from any of so many, as where addresses are given out anew all the time: new pairs come all the time.
    Any(u32),
}

impl Addresses {
    /// Reads `1-4`, `3` or `any:2000`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let number = |text: &str| match text.parse::<u32>() {
            Ok(number @ 1..=10_000_000) => Ok(number),
            _ => Err(format!("{text}: expected a number of addresses")),
        };
        if let Some(count) = text.strip_prefix("any:") {
            return number(count).map(Self::Any);
        }
        let (least, most) = text.split_once('-').unwrap_or((text, text));
        match (number(least)?, number(most)?) {
            (least, most) if least <= most => Ok(Self::Own(least, most)),
            _ => Err(format!("{text}: expected as in 1-4")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_own_or_anybodys() {
        assert_eq!(Addresses::parse("1-4"), Ok(Addresses::Own(1, 4)));
        assert_eq!(Addresses::parse("3"), Ok(Addresses::Own(3, 3)));
        assert_eq!(Addresses::parse("any:2000"), Ok(Addresses::Any(2000)));
        assert!(
            Addresses::parse("4-1").is_err() && Addresses::parse("0").is_err() && Addresses::parse("some").is_err()
        );
    }
}
