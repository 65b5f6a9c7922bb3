//! The host, killed while it makes, changes or ends a stream: what was answered holds, and what was not is done whole or
//! not at all.

use std::time::{Duration, Instant};

use super::{Client, create, folders, named, slow_destination, wait_folders};
use crate::host::{configured, wait_for};
use crate::kills::{draw, number};
use crate::steps::MADE;

mod model;

use model::{Act, Model};

fn acts_of(step: &str) -> &'static [Act] {
    match step.split('.').next() {
        Some("begin") => &[Act::Create],
        Some("define") => &[Act::Update, Act::Tag, Act::Untag, Act::Delete],
        // And when what a crash left of a stream is in the way of another.
        _ => &[Act::Delete],
    }
}

#[test]
fn a_host_that_falls_at_any_step_of_a_change_has_done_it_whole_or_not_at_all() {
    let mut model = Model::new();
    let mut host = model.start(None);
    let keep = "keep".to_owned();
    assert!(model.act(&mut Client::of(&host), &keep, Act::Create));
    for step in MADE {
        for act in acts_of(step) {
            let when = format!("{act:?} at {step}");
            let name = when.to_lowercase().replace(' ', "-");
            let mut client = Client::of(&host);
            if *act != Act::Create {
                assert!(model.act(&mut client, &name, Act::Create));
                client.wait_active(&name);
                assert!(model.put(&mut client, &name), "{when}");
            }
            host.kill();

            host = model.start(Some(&format!("{step}:1")));
            let mut client = Client::of(&host);
            client.wait_active(&keep);
            assert!(model.put(&mut client, &keep), "{when}");
            if *act != Act::Create {
                client.wait_active(&name);
                assert!(model.put(&mut client, &name), "{when}");
            }
            model.act(&mut client, &name, *act);
            wait_for("it ends at the step", || !host.is_running());

            host = model.start(None);
            model.look(&host, &when);
            let mut client = Client::of(&host);
            // Its name is free if it is not there, and taken if it is.
            let other = create(&name, &slow_destination("other", ""));
            if model.now(&name).is_some() {
                client.refused("CreateDeliveryStream", &other, "ResourceInUseException");
            } else {
                assert!(model.act(&mut client, &name, Act::Create), "{when}");
            }
            client.wait_active(&name);
            assert!(model.put(&mut client, &name), "{when}");
        }
    }
    model.look(&host, "at last");
    model.end(host);
    assert!(model.done > 0 && model.undone > 0, "{} done, {} not", model.done, model.undone);
}

#[test]
fn a_host_that_is_killed_at_random_moments_has_done_each_change_whole_or_not_at_all() {
    let (kills, seed) = (number("STANDPIPE_KILLS", 12), number("STANDPIPE_SEED", 1));
    println!(
        "replay: STANDPIPE_KILLS={kills} STANDPIPE_SEED={seed} cargo test -p standpipe --test api control::killed"
    );
    let (mut model, mut state, mut acts) = (Model::new(), seed, 0);
    for kill in 0..kills {
        let host = model.start(None);
        let when = format!("seed {seed}, after {kill} kills");
        model.look(&host, &when);
        let until = Instant::now() + Duration::from_millis(20 + draw(&mut state) % 500);
        let (mut client, killer) = (Client::of(&host), host);
        std::thread::scope(|scope| {
            scope.spawn(move || {
                std::thread::sleep(until.saturating_duration_since(Instant::now()));
                killer.kill();
            });
            while step(&mut model, &mut client, &mut state) {
                acts += 1;
            }
        });
    }
    let host = model.start(None);
    model.look(&host, "at last");
    model.end(host);
    println!("{acts} calls were answered");
    assert!(model.done + model.undone > 0 && acts > kills, "too little happened");
}

/// Does something to one of a few streams. False if there was no answer.
fn step(model: &mut Model, client: &mut Client, state: &mut u64) -> bool {
    let name = format!("s{}", draw(state) % 4);
    let there = model.now(&name).is_some();
    match draw(state) % 8 {
        _ if !there => model.act(client, &name, Act::Create) && is_ready(client, &name),
        0..4 => model.put(client, &name),
        4 => model.act(client, &name, Act::Update),
        5 => model.act(client, &name, Act::Tag),
        6 => model.act(client, &name, Act::Untag),
        _ => model.act(client, &name, Act::Delete) && is_gone(client, &name),
    }
}

/// Waits until a stream is ready, or the host is gone.
fn is_ready(client: &mut Client, name: &str) -> bool {
    asks(client, name, |answer| answer.contains("\"ACTIVE\""))
}

fn is_gone(client: &mut Client, name: &str) -> bool {
    asks(client, name, |answer| answer.contains("ResourceNotFoundException"))
}

fn asks(client: &mut Client, name: &str, is: impl Fn(&str) -> bool) -> bool {
    let mut told: Option<String> = Some(String::new());
    wait_for("a stream comes or goes", || {
        let answer = client.try_call("DescribeDeliveryStream", &named(name));
        told = answer.map(|answer| answer.body);
        told.as_deref().is_none_or(&is)
    });
    told.is_some()
}

/// Whatever step the next one falls at.
#[test]
fn what_falls_leave_of_a_stream_that_was_never_there_is_in_nobodys_way() {
    let mut model = Model::new();
    let steps = ["begin.incarnation:1", "bury.before:1", "bury.rename:1", "begin.before:1", "bury.after:1"];
    for step in steps {
        let mut host = model.start(Some(step));
        let mut client = Client::of(&host);
        // Where nothing is left of the one before, nothing is to be buried, and it is answered.
        if model.act(&mut client, "web", Act::Create) {
            client.wait_active("web");
            model.act(&mut client, "web", Act::Delete);
        } else {
            wait_for("it ends at the step", || !host.is_running());
        }
        let host = model.start(None);
        model.look(&host, step);
        host.kill();
    }
    let host = model.start(None);
    let mut client = Client::of(&host);
    assert!(model.act(&mut client, "web", Act::Create));
    client.wait_active("web");
    assert!(model.put(&mut client, "web"));
    model.look(&host, "at last");
    model.end(host);
}

#[test]
fn what_a_fall_leaves_of_a_stream_that_was_never_there_is_gone_at_the_next_start() {
    let mut model = Model::new();
    for step in ["begin.before:1", "begin.incarnation:1"] {
        let mut host = model.start(Some(step));
        assert!(!model.act(&mut Client::of(&host), "web", Act::Create));
        wait_for("it ends at the step", || !host.is_running());
        let host = model.start(None);
        model.look(&host, step);
        wait_folders(model.folder.path(), &[]);
        host.kill();
    }
}

/// A checker that cannot see is worth nothing.
#[test]
fn the_check_sees_folders_that_are_left() {
    let folder = configured("");
    std::fs::create_dir_all(folder.path().join("state/streams/.abandoned-1")).unwrap();
    assert_eq!(folders(folder.path()), [".abandoned-1"]);
}
