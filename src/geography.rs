//! Where in the world an address is, and whose network it is in, by databases in MaxMind's format that the user has
//! (`--geoip`). Nothing is asked of anybody: an address that is looked up stays on this machine.
//!
//! The layouts are those of GeoIP2 and GeoLite2 (dev.maxmind.com/geoip/docs/databases), which DB-IP writes too; a database says
//! in its metadata which one it has.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use maxminddb::Reader;
use serde::{Deserialize, Serialize};

use crate::files;
use crate::network::{is_private, is_reserved};

/// What databases say of an address; what they do not say is null.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "internals", derive(schemars::JsonSchema))]
pub struct Geo {
    /// Country, as ISO 3166-1 codes it: `NL`.
    pub country: Option<String>,
    /// The same in English.
    pub country_name: Option<String>,
    /// City, in English.
    pub city: Option<String>,
    /// Number of the autonomous system that announces the address.
    pub as_number: Option<u32>,
    /// Who runs it.
    pub as_organization: Option<String>,
    /// Where about it is, latitude and longitude in hundredths of a degree: to judge by, and not told.
    #[serde(skip)]
    pub location: Option<(i16, i16)>,
    /// What kind of address it is: anonymous, anonymous_vpn, hosting_provider, public_proxy, residential_proxy, tor_exit_node.
    pub flags: Vec<String>,
}

impl Geo {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// What many addresses have in common: the country, and of which kind they are.
    #[must_use]
    pub fn coarse(self) -> Self {
        Self { country: self.country, country_name: self.country_name, flags: self.flags, ..Self::default() }
    }

    /// Takes what another database says where this one says nothing.
    fn fill(&mut self, other: Self) {
        self.country = self.country.take().or(other.country);
        self.country_name = self.country_name.take().or(other.country_name);
        self.city = self.city.take().or(other.city);
        self.location = self.location.or(other.location);
        self.as_number = self.as_number.or(other.as_number);
        self.as_organization = self.as_organization.take().or(other.as_organization);
        self.flags.extend(other.flags);
        self.flags.sort();
        self.flags.dedup();
    }
}

/// Databases, in the order in which they are asked: the first that knows something is believed. Cheap to copy.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Geography(Vec<Arc<Database>>);

impl Geography {
    /// These databases.
    #[must_use]
    pub fn new(databases: Vec<Arc<Database>>) -> Self {
        Self(databases)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The files of the databases.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.0.iter().map(|database| database.path.as_path())
    }

    /// What the databases say of an address: `None` where they say nothing, or it is not reached from the internet.
    ///
    /// # Errors
    /// What is wrong with which database.
    pub fn find(&self, address: IpAddr) -> Result<Option<Geo>, String> {
        let address = address.to_canonical();
        if is_private(address) || is_reserved(address) {
            return Ok(None);
        }
        let mut found = Geo::default();
        for database in &self.0 {
            found.fill(database.find(address)?);
        }
        Ok((!found.is_empty()).then_some(found))
    }
}

/// A database.
pub struct Database {
    path: PathBuf,
    reader: Reader<Vec<u8>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").field("path", &self.path).finish_non_exhaustive()
    }
}

impl PartialEq for Database {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path && self.reader.metadata() == other.reader.metadata()
    }
}

/// Words in the type of a database that has something to say: `GeoLite2-City`, `DBIP-ASN-Lite (compat=GeoLite2-ASN)`.
const KINDS: [&str; 6] = ["City", "Country", "Enterprise", "ASN", "ISP", "Anonymous-IP"];

impl Database {
    /// Reads a database.
    ///
    /// # Errors
    /// A message for the user that names the file: it cannot be read, is none, or is one of another kind.
    pub fn open(path: &Path) -> Result<Self, String> {
        let name = path.display();
        let bytes = files::read(path, files::LONGEST).map_err(|error| format!("{name}: {error}"))?;
        let reader = Reader::from_source(bytes).map_err(|error| format!("{name}: no MaxMind database: {error}"))?;
        let kind = &reader.metadata().database_type;
        if !KINDS.iter().any(|known| kind.contains(known)) {
            let known = KINDS.join(", ");
            return Err(format!("{name}: a database of the type `{kind}` tells nothing of use; one of {known} would"));
        }
        Ok(Self { path: path.to_owned(), reader })
    }

    fn find(&self, address: IpAddr) -> Result<Geo, String> {
        // A database of IPv4 knows nothing of others, which is no fault of it.
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(Geo::default());
        }
        let found = self.reader.lookup(address).and_then(|found| found.decode::<GeoEntry<'_>>());
        let entry = found.map_err(|error| format!("{}: damaged: {error}", self.path.display()))?;
        Ok(entry.unwrap_or_default().geo())
    }
}

/// The members of all kinds of databases that tell something.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct GeoEntry<'a> {
    #[serde(borrow)]
    country: Named<'a>,
    #[serde(borrow)]
    registered_country: Named<'a>,
    #[serde(borrow)]
    city: Named<'a>,
    location: Location,
    #[serde(borrow)]
    traits: Traits<'a>,
    #[serde(borrow, flatten)]
    top: Traits<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Location {
    #[serde(deserialize_with = "degrees")]
    latitude: Option<f64>,
    #[serde(deserialize_with = "degrees")]
    longitude: Option<f64>,
}

/// Degrees, which databases of others than MaxMind's write as whole numbers too; `None` where it is no number.
fn degrees<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    struct Degrees;
    impl serde::de::Visitor<'_> for Degrees {
        type Value = Option<f64>;

        fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str("degrees")
        }

        fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
            Ok(Some(value))
        }

        fn visit_f32<E>(self, value: f32) -> Result<Self::Value, E> {
            Ok(Some(value.into()))
        }

        fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
            Ok(i32::try_from(value).ok().map(f64::from))
        }

        fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
            Ok(u32::try_from(value).ok().map(f64::from))
        }
    }
    deserializer.deserialize_any(Degrees)
}

impl Location {
    /// In hundredths of a degree; `None` where it is nowhere on earth.
    #[expect(clippy::cast_possible_truncation, reason = "within 18,000")]
    fn hundredths(&self) -> Option<(i16, i16)> {
        let within = |degrees: Option<f64>, most: f64| degrees.filter(|degrees| degrees.abs() <= most);
        let (latitude, longitude) = (within(self.latitude, 90.0)?, within(self.longitude, 180.0)?);
        Some(((latitude * 100.0).round() as i16, (longitude * 100.0).round() as i16))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Named<'a> {
    iso_code: Option<&'a str>,
    #[serde(borrow)]
    names: Names<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Names<'a> {
    en: Option<&'a str>,
}

/// What stands at the top of the databases of networks and of anonymous addresses, and one deeper in those of the enterprise.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Traits<'a> {
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<&'a str>,
    is_anonymous: bool,
    is_anonymous_vpn: bool,
    is_hosting_provider: bool,
    is_public_proxy: bool,
    is_residential_proxy: bool,
    is_tor_exit_node: bool,
}

impl GeoEntry<'_> {
    fn geo(self) -> Geo {
        let own = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        // Where the address is used is not known of satellites; where it is registered is.
        let country = if self.country.iso_code.is_some() { &self.country } else { &self.registered_country };
        let mut geo = Geo {
            country: own(country.iso_code),
            country_name: own(country.names.en),
            city: own(self.city.names.en),
            location: self.location.hundredths(),
            ..Geo::default()
        };
        geo.fill(self.top.geo());
        geo.fill(self.traits.geo());
        geo
    }
}

impl Traits<'_> {
    fn geo(&self) -> Geo {
        let flags = [
            (self.is_anonymous, "anonymous"),
            (self.is_anonymous_vpn, "anonymous_vpn"),
            (self.is_hosting_provider, "hosting_provider"),
            (self.is_public_proxy, "public_proxy"),
            (self.is_residential_proxy, "residential_proxy"),
            (self.is_tor_exit_node, "tor_exit_node"),
        ];
        Geo {
            as_number: self.autonomous_system_number,
            as_organization: self.autonomous_system_organization.map(str::to_owned),
            flags: flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| flag.to_owned()).collect(),
            ..Geo::default()
        }
    }
}
