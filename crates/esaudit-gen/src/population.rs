//! Many accounts, addresses and keys: what the speed of an analyser depends on beside the bytes of a log.

use crate::cli::Args;
use crate::event::{LDAP, NATIVE};
use crate::rng::Rng;
use crate::text::{HOUR, Micros, Text, keep, quoted_list};
use crate::traffic::{Act, What};
use crate::world::{Credential, World};

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

/// Accounts that make requests in shares as by Zipf: the second half as many as the first, the third a third.
#[derive(Debug)]
pub(crate) struct Population {
    /// Indexes of the accounts in the world, the busiest first.
    accounts: Vec<u32>,
    /// Running sums of their shares.
    shares: Vec<f64>,
    /// The addresses of each, as a range of `sources`.
    own: Vec<(u32, u32)>,
    sources: Vec<Text>,
    /// Index of the first key; key n belongs to account n modulo their number.
    first_key: u32,
    keys: u32,
    key_share: f64,
}

impl Population {
    /// The one that the options ask for, if they ask for one.
    pub(crate) fn new(args: &Args, world: &mut World, rng: &mut Rng, start: Micros) -> Option<Self> {
        let count = args.accounts?;
        let accounts: Vec<u32> = (0..count)
            .map(|n| {
                let realm = if n % 3 == 0 { LDAP } else { NATIVE };
                world.account(&format!("member-{n:06}"), realm, &["kibana_user", "logs_read"])
            })
            .collect();
        let mut sum = 0.0;
        let shares = (1..=count).map(|rank| {
            sum += 1.0 / f64::from(rank);
            sum
        });
        let shares = shares.collect();
        let (mut own, mut addresses) = (Vec::new(), 0);
        for _ in 0..count {
            own.push(match args.addresses {
                Addresses::Own(least, most) => {
                    let from = addresses;
                    addresses += least + rng.below(u64::from(most - least + 1)) as u32;
                    (from, addresses)
                }
                Addresses::Any(many) => (0, many),
            });
        }
        let addresses = own.iter().map(|(_, end)| *end).max().unwrap_or(0);
        let sources = (0..addresses).map(|n| keep(format!("10.{}.{}.{}", 64 + (n >> 16), n >> 8 & 255, n & 255)));
        let sources = sources.collect();
        let first_key = world.keys.len() as u32;
        for n in 0..args.keys {
            let owner = accounts[n as usize % accounts.len()];
            world.key(rng, &format!("member-key-{n}"), owner, start - 24 * HOUR);
        }
        Some(Self { accounts, shares, own, sources, first_key, keys: args.keys, key_share: args.key_share })
    }

    /// Somebody, and where.
    fn anybody(&self, rng: &mut Rng) -> (usize, Text) {
        let ticket = rng.unit() * self.shares.last().copied().unwrap_or(1.0);
        let who = self.shares.partition_point(|share| *share <= ticket).min(self.accounts.len() - 1);
        let (from, to) = self.own[who];
        (who, self.sources[(from + rng.below(u64::from(to - from)) as u32) as usize])
    }

    /// A request that is granted.
    pub(crate) fn request(&self, rng: &mut Rng, time: Micros, node: u16) -> Act {
        let (who, source) = self.anybody(rng);
        let own_keys = (self.keys + self.accounts.len() as u32 - 1 - who as u32) / self.accounts.len() as u32;
        let credential = if own_keys > 0 && rng.chance(self.key_share) {
            let turn = rng.below(u64::from(own_keys)) as u32;
            Credential::Key(self.first_key + turn * self.accounts.len() as u32 + who as u32)
        } else {
            // A session: no realm is asked anew for each of its requests.
            Credential::Token(self.accounts[who])
        };
        Act::new(time, node, source, What::Use(credential))
    }

    /// A mistyped password.
    pub(crate) fn mistake(&self, world: &World, rng: &mut Rng, time: Micros, node: u16) -> Act {
        let (who, source) = self.anybody(rng);
        let account = self.accounts[who];
        let name = world.accounts[account as usize].name;
        Act::new(time, node, source, What::Login { name, account: Some(account), right: false })
    }
}

/// The `indices` of every access decision, where the options give them a length.
pub(crate) fn long_indices(args: &Args) -> Option<Text> {
    let names = (0..args.indices?).map(|n| format!(".ds-logs-nginx.access-prod-2026.02.27-{n:06}"));
    Some(keep(quoted_list(&names.collect::<Vec<_>>())))
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
