//! Where people, machines and attackers are: addresses that nobody else has.

use crate::rng::Rng;
use crate::scenario::stage::Stage;
use crate::text::{Text, keep};

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
