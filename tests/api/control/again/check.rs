//! Whether each record is where it was put, and what repeats were told.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Life, Put, Span};

/// What the objects have is what was acknowledged, where it was put.
pub(super) fn check(lives: &[Life], puts: &[Put], buckets: &Path) {
    let found = crate::control::lines(buckets);
    let last = lives.last().unwrap();
    let number_of = |place: &str| -> usize {
        let (bucket, key) = place.split_once('/').unwrap();
        let number = bucket.strip_prefix("life-").unwrap();
        assert!(key.starts_with(&format!("{number}/")), "{place}");
        number.parse().unwrap()
    };
    let (mut delivered, mut interesting, mut taken) = (0, 0, 0);
    for put in puts.iter().filter(|put| put.name != "again") {
        let places = found.get(&put.name).cloned().unwrap_or_default();
        assert!(places.len() <= 1, "{put:?} is there more than once: {places:?}");
        let place = places.first().map(|place| number_of(place));
        delivered += usize::from(place.is_some());
        assert!(!put.refused || place.is_none(), "{put:?} was refused, and is in {places:?}");
        if let Some(place) = place {
            assert!(lives[place].meets(put.span), "{put:?} is in {places:?}: {:?}", lives[place]);
        }
        if put.id.is_some() {
            assert!(lives.iter().any(|life| life.meets(put.span)), "{put:?} was acknowledged by nobody");
            let is_of_last = put.span.began > last.made.over;
            assert!(!is_of_last || place == Some(lives.len() - 1), "{put:?} is missing: {places:?}");
        }
        for (number, pair) in lives.windows(2).enumerate() {
            let began_before = pair[0].ended.is_some_and(|ended| put.span.began < ended.began);
            if put.id.is_some() && began_before && put.span.over > pair[1].made.began {
                interesting += 1;
                taken += usize::from(place == Some(number + 1));
            }
        }
    }
    for line in found.keys().filter(|line| *line != "again") {
        assert!(puts.iter().any(|put| put.name == *line), "{line} was put by nobody");
    }
    let acknowledged = puts.iter().filter(|put| put.id.is_some()).count();
    println!(
        "{} lives, {acknowledged} of {} puts acknowledged, {delivered} delivered; {interesting} began before a delete and were \
         acknowledged after the next create was asked, {taken} of them by the next stream",
        lives.len(),
        puts.len()
    );
    assert!(delivered > 0 && puts.iter().any(|put| put.refused), "too little happened");
    assert_eq!(taken, 0, "what was put into one stream was taken by the next");
    check_repeats(lives, puts, &found.get("again").cloned().unwrap_or_default());
}

/// The one request that is repeated is told the same by the same stream, and never what another one said.
fn check_repeats(lives: &[Life], puts: &[Put], places: &[String]) {
    let told: Vec<(&str, Span)> = puts
        .iter()
        .filter(|put| put.name == "again")
        .filter_map(|put| Some((put.id.as_deref()?, put.span)))
        .collect();
    let ids = |of: &dyn Fn(Span) -> bool| -> BTreeSet<&str> {
        told.iter().filter(|(_, span)| of(*span)).map(|(id, _)| *id).collect()
    };
    for (number, life) in lives.iter().enumerate() {
        let whole = ids(&|span| {
            span.began > life.made.over && life.ended.is_none_or(|ended| span.over < ended.began)
        });
        assert!(whole.len() <= 1, "life {number} told {whole:?}");
        let before = ids(&|span| number > 0 && span.over < lives[number - 1].ended.unwrap().began);
        assert!(before.is_disjoint(&whole), "life {number} told what one before it had told");
        let bucket = format!("life-{number}/");
        let times = places.iter().filter(|place| place.starts_with(&bucket)).count();
        assert!(times <= 1, "the repeated record is in life {number} {times} times");
    }
    let last = format!("life-{}/", lives.len() - 1);
    assert!(
        places.iter().any(|place| place.starts_with(&last)),
        "the repeated record is missing: {places:?}"
    );
    assert!(ids(&|_| true).len() > lives.len() / 2, "too few streams were told");
}
