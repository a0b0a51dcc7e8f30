//! Where in the world an account gets in, as databases tell (`--geoip`): in a country in which it had not been, from a network of
//! machines for hire, in two countries at once. Nothing is known, and nothing said, where there is no database.

use super::features::Feature;
use super::history::{HOUR, Past};
use super::scene::Scene;
use crate::geography::Geo;
use crate::model::text::{Span, Text};
use crate::text;
use crate::time::Millis;

/// Kilometres that airliners come an hour.
const SPEED: f64 = 1000.0;

/// Kilometres by which databases are often wrong: MaxMind's give addresses radii of up to 1,000, and mostly below 500
/// (support.maxmind.com, "geolocation accuracy").
const WRONG: f64 = 500.0;

/// What is unusual about where an account gets in at first at an address, beside its other places.
pub(super) fn of(scene: &Scene<'_>, past: &Past, others: &[&Past]) -> Vec<(Feature, Text)> {
    let mut found = Vec::new();
    let Some(here) = scene.geo(past.source) else { return found };
    let known: Vec<(&Past, Geo)> = others.iter().filter_map(|other| Some((*other, scene.geo(other.source)?))).collect();
    let before = || known.iter().filter(|(other, _)| other.first < past.first);
    let country = here.country.as_deref();
    let countries = before().filter_map(|(_, geo)| geo.country.as_deref());
    if let (Some(country), true, false) =
        (country, countries.clone().next().is_some(), countries.clone().any(|known| Some(known) == country))
    {
        let name = here.country_name.as_deref().unwrap_or(country);
        found.push((Feature::NewCountry, text!("It had not got in from {} before", Span::name(name))));
    }
    let is_hired = |geo: &Geo| !geo.flags.is_empty();
    // Who is at work at home is, of a network without a flag.
    if is_hired(&here) && !others.is_empty() && !before().any(|(_, geo)| is_hired(geo)) {
        let kinds: Vec<String> = here.flags.iter().map(|flag| flag.replace('_', " ")).collect();
        found.push((
            Feature::Hired,
            text!("Databases call the address {}, and none from which it got in before", Span::name(&kinds.join(", "))),
        ));
    }
    let elsewhere = |(other, geo): &&(&Past, Geo)| is_too_far(scene, past, &here, other, geo);
    if let Some((other, geo)) = known.iter().filter(elsewhere).min_by_key(|(other, _)| scene.shown(other.source)) {
        let place = scene.text(other.source);
        let name = geo.country_name.as_deref().or(geo.country.as_deref()).unwrap_or("another country");
        found.push((
            Feature::TooFar,
            text!(
                "It got in from {} in {} as well, sooner than anybody travels",
                Span::address(&place),
                Span::name(name)
            ),
        ));
    }
    found
}

/// Whether an account got in at another place in another country so soon before or after that nobody can have travelled.
fn is_too_far(scene: &Scene<'_>, past: &Past, here: &Geo, other: &Past, there: &Geo) -> bool {
    if here.country.is_none() || there.country.is_none() || here.country == there.country {
        return false;
    }
    let time = match (here.location, there.location) {
        (Some(one), Some(two)) => {
            let distance = kilometres(one, two) - WRONG;
            if distance <= 0.0 {
                return false;
            }
            distance / SPEED * HOUR as f64
        }
        // From one country to another somewhere in the world: not within half an hour, borders aside.
        _ => HOUR as f64 / 2.0,
    };
    let span = time as i64;
    scene.history.within(other, Millis(past.first.0 - span), Millis(past.first.0 + span)) >= 1.0
}

/// Along a great circle, of places in hundredths of a degree.
fn kilometres(one: (i16, i16), two: (i16, i16)) -> f64 {
    let radians = |hundredths: i16| (f64::from(hundredths) / 100.0).to_radians();
    let ((a, b), (c, d)) = ((radians(one.0), radians(one.1)), (radians(two.0), radians(two.1)));
    let half = ((c - a) / 2.0).sin().powi(2) + a.cos() * c.cos() * ((d - b) / 2.0).sin().powi(2);
    2.0 * 6371.0 * half.sqrt().min(1.0).asin()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_on_earth() {
        let (london, new_york) = ((5151, -13), (4071, -7401));
        assert!((5500.0..5650.0).contains(&kilometres(london, new_york)), "{}", kilometres(london, new_york));
        assert!(kilometres(london, london) < 1.0);
        assert!((20_000.0..20_030.0).contains(&kilometres((0, 0), (0, 18_000))));
    }
}
