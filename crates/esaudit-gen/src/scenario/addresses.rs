//! Where people, machines and attackers are: addresses that nobody else has.

use std::collections::HashMap;

use crate::rng::Rng;
use crate::scenario::moving::Moving;
use crate::scenario::pace::log_uniform;
use crate::scenario::stage::Stage;
use crate::text::{HOUR, MINUTE, Micros, Text, keep};
use crate::traffic::Act;

impl Stage {
    pub(crate) fn address(&mut self, mut draw: impl FnMut(&mut Rng) -> String) -> Text {
        loop {
            let text = draw(&mut self.rng);
            if !self.addresses.contains(text.as_str()) {
                let text = keep(text);
                self.addresses.insert(text);
                return text;
            }
        }
    }

    /// A new address of the site itself; public where the site is.
    pub(crate) fn host(&mut self) -> Text {
        let (a, b) = self.net;
        if self.life.public {
            return self.address(|rng| {
                format!("52.{}.{}.{}", (a + rng.range(0, 6)) % 256, rng.range(0, 256), rng.range(1, 255))
            });
        }
        // The smaller ranges have no room for the largest sites.
        match a % 3 {
            _ if self.life.people > 5_000 => {
                self.address(|rng| format!("10.{}.{}.{}", rng.range(0, 256), rng.range(0, 256), rng.range(1, 255)))
            }
            0 => self.address(|rng| {
                format!("10.{}.{}.{}", (b + rng.range(0, 9)) % 256, rng.range(0, 256), rng.range(1, 255))
            }),
            1 => {
                self.address(|rng| format!("172.{}.{}.{}", 16 + rng.range(0, 16), rng.range(0, 256), rng.range(1, 255)))
            }
            _ => self.address(|rng| format!("192.168.{}.{}", rng.range(0, 256), rng.range(1, 255))),
        }
    }

    /// A new address of a program: one in seven at a branch or a provider's, outside of the site's own network.
    pub(crate) fn client_host(&mut self) -> Text {
        if self.rng.below(7) == 0 { self.outside() } else { self.host() }
    }

    /// A new address of the outside world: one in eight of IPv6.
    pub(crate) fn outside(&mut self) -> Text {
        if self.rng.below(8) == 0 {
            return self.address(|rng| {
                format!("2001:db8:{:x}:{:x}::{:x}", rng.below(65_536), rng.below(65_536), 1 + rng.below(65_535))
            });
        }
        self.address(|rng| {
            let first = *rng.pick(&[5, 23, 31, 45, 62, 77, 81, 89, 91, 103, 118, 141, 154, 178, 185, 193, 203, 212]);
            format!("{first}.{}.{}.{}", rng.range(0, 256), rng.range(0, 256), rng.range(1, 255))
        })
    }

    /// So many new addresses of an attacker: scattered, of a few networks, or of one IPv6 /64.
    pub(crate) fn outside_pool(&mut self, count: usize) -> Vec<Text> {
        match self.rng.below(4) {
            0 => {
                let (a, b) = (self.rng.below(65_536), self.rng.below(65_536));
                let one = |stage: &mut Self| {
                    stage.address(|rng| {
                        format!(
                            "2001:db8:{a:x}:{b:x}:{:x}:{:x}:{:x}:{:x}",
                            rng.below(65_536),
                            rng.below(65_536),
                            rng.below(65_536),
                            1 + rng.below(65_535)
                        )
                    })
                };
                (0..count).map(|_| one(self)).collect()
            }
            1 => {
                let nets: Vec<(i64, i64)> = (0..1 + count / 120 + self.rng.index(8))
                    .map(|_| (self.rng.range(0, 256), self.rng.range(0, 256)))
                    .collect();
                (0..count)
                    .map(|_| {
                        self.address(|rng| {
                            let (a, b) = *rng.pick(&nets);
                            format!("185.{a}.{b}.{}", rng.range(1, 255))
                        })
                    })
                    .collect()
            }
            _ => (0..count).map(|_| self.outside()).collect(),
        }
    }
}

/// A /64 of IPv6 within a site's /48, or anywhere.
fn prefix(rng: &mut Rng, site: Option<(u64, u64)>) -> String {
    let (a, b) = site.unwrap_or_else(|| (rng.below(65_536), rng.below(65_536)));
    format!("2001:db8:{a:x}:{b:x}")
}

impl Stage {
    /// A desk of a site of IPv6: all of an office in one /64, people at home each in their own.
    pub(crate) fn v6_desk(&mut self, office: Option<(u64, u64)>) -> Text {
        let network = prefix(&mut self.rng, office);
        let period = log_uniform(&mut self.rng, 2.0 * HOUR as f64, 48.0 * HOUR as f64) as Micros;
        self.moving_place(Moving { networks: vec![network], period })
    }

    /// A phone of the site's carrier, or of another.
    pub(crate) fn phone(&mut self) -> Text {
        if self.carrier.is_empty() || self.rng.chance(0.2) {
            let first = *self.rng.pick(&[80, 82, 88, 90, 109, 176, 178]);
            let (second, third) = (self.rng.range(0, 256), self.rng.range(0, 253));
            let networks = 1 + self.rng.index(3) as i64;
            self.carrier = (0..networks).map(|n| format!("{first}.{second}.{}", third + n)).collect();
        }
        let period = log_uniform(&mut self.rng, 20.0 * MINUTE as f64, 8.0 * HOUR as f64) as Micros;
        let networks = self.carrier.clone();
        self.moving_place(Moving { networks, period })
    }

    fn moving_place(&mut self, moving: Moving) -> Text {
        let place = self.address(|rng| moving.address(rng));
        self.moving.insert(place, moving);
        place
    }

    /// Gives acts at such places the addresses that these have at the time; the acts stand by time.
    pub(crate) fn move_about(&mut self, acts: &mut [Act]) {
        let mut known: HashMap<(Text, Micros), Text> = HashMap::new();
        for act in acts {
            let place = act.source;
            let Some(moving) = self.moving.get(place).cloned() else { continue };
            let stay = (place, act.time.div_euclid(moving.period));
            act.source = match known.get(&stay) {
                Some(address) => address,
                None => self.address(|rng| moving.address(rng)),
            };
            known.insert(stay, act.source);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::text::SECOND;
    use crate::traffic::What;

    #[test]
    fn a_place_keeps_its_network_and_each_address_for_a_while() {
        let mut stage = Stage::new("moving", 7, 1, |_| {});
        for (place, network) in [(stage.phone(), 3), (stage.v6_desk(Some((1, 2))), 4)] {
            let begins = |address: &str| {
                let separator = if network == 4 { ':' } else { '.' };
                address.split(separator).take(network).map(str::to_owned).collect::<Vec<_>>()
            };
            let mut acts: Vec<Act> =
                (0..2000).map(|n| Act::new(stage.at + n * 6 * MINUTE, 0, place, What::Bare)).collect();
            stage.move_about(&mut acts);
            let addresses: BTreeSet<Text> = acts.iter().map(|act| act.source).collect();
            assert!(addresses.len() > 3, "{addresses:?}");
            let networks: BTreeSet<Vec<String>> = addresses.iter().map(|address| begins(address)).collect();
            assert!(networks.len() <= 3, "{networks:?}");
            let changes = acts.windows(2).filter(|pair| pair[0].source != pair[1].source).count();
            assert_eq!(changes + 1, addresses.len());
        }
        let mut acts = vec![Act::new(stage.at + SECOND, 0, "10.0.0.1", What::Bare)];
        stage.move_about(&mut acts);
        assert_eq!(acts[0].source, "10.0.0.1");
    }
}
