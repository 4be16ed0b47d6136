//! Thousands of simulated rooms on a channel that loses, duplicates, delays and damages datagrams. Simulated time costs
//! none.
//!
//! Everything in a run follows from its seed, which is printed when a run fails:
//! `ROOM_SEED=<seed> cargo test one_run_by_its_seed -- --nocapture`.

use super::engine::random::Random;
use cost::cost;
use std::time::Duration;
use world::{Odds, Participant, World, happens, millis, shown_by};

mod cost;
mod world;

/// One run: everything follows from the seed.
fn run(seed: u64) -> World {
    let mut dice = Random(!seed);
    let odds =
        Odds { loss: dice.below(301), duplicate: dice.below(201), reorder: dice.below(301), corrupt: dice.below(51) };
    let mut world = World::new(seed, odds);
    let start = world.now;
    let members = usize::try_from(2 + dice.below(5)).unwrap();
    for _ in 0..members {
        world.enter();
    }
    if happens(&mut dice, 300) {
        let begin = start + millis(&mut dice, 500, 5000);
        let cut = 1 + usize::try_from(dice.below(members as u64 - 1)).unwrap();
        world.partition = Some((begin, begin + millis(&mut dice, 500, 59_000), cut));
    }
    // What happens, in the order of time: 0 a member speaks, 1 one joins, 2 one crashes, 3 one leaves.
    let mut plan: Vec<(Duration, u64)> = (0..5 + dice.below(30)).map(|_| (millis(&mut dice, 0, 8000), 0)).collect();
    plan.extend((0..dice.below(3)).map(|_| (millis(&mut dice, 500, 8000), 1)));
    plan.extend((0..dice.below(2)).map(|_| (millis(&mut dice, 500, 8000), 2)));
    plan.extend((0..dice.below(2)).map(|_| (millis(&mut dice, 500, 8000), 3)));
    plan.sort();
    for (at, what) in plan {
        world.run_until(start + at);
        let index = usize::try_from(dice.below(world.members.len() as u64)).unwrap();
        match what {
            // Now and then a burst.
            0 => (0..if happens(&mut dice, 100) { 40 } else { 1 }).for_each(|_| world.say(index)),
            1 => _ = world.enter(),
            2 => world.members[index].gone = Some(world.now),
            _ => {
                let now = world.now;
                world.members[index].engine.leave(now);
                world.drain(index);
            }
        }
    }
    let healed = world.partition.map_or(start, |(_, end, _)| end);
    world.run_until(healed.max(start + Duration::from_secs(9)) + Duration::from_secs(150));
    world
}

#[test]
fn many_runs_end_in_agreement() {
    const RUNS: u64 = 10_000;
    let runs = std::env::var("ROOM_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(RUNS);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let again = "cargo test one_run_by_its_seed -- --nocapture";
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..runs).step_by(usize::try_from(threads).unwrap()) {
                    let caught = std::panic::catch_unwind(|| run(seed).check());
                    assert!(caught.is_ok(), "it was seed {seed}; ROOM_SEED={seed} {again}");
                }
            });
        }
    });
}

#[test]
fn one_run_by_its_seed() {
    let Some(seed) = std::env::var("ROOM_SEED").ok().and_then(|seed| seed.parse().ok()) else { return };
    let world = run(seed);
    println!("{:?} partition {:?}", world.odds, world.partition);
    for member in &world.members {
        let Participant { nick, came, gone, shown, lost, said, .. } = member;
        println!("{nick} came {came:?} gone {gone:?} said {} lost {lost} {:?}", said.len(), member.engine.counts);
        shown.iter().for_each(|(nick, numbers)| println!("    {nick}: {numbers:?}"));
    }
    world.check();
}

/// `cargo test what_a_message_costs -- --nocapture` prints what the report's figures are made of, for one seed.
#[test]
fn what_a_message_costs() {
    println!("| members | loss | datagrams per message | bytes per message |\n| --- | --- | --- | --- |");
    for members in [3, 10, 50] {
        for loss in [0, 5, 20] {
            let (datagrams, bytes) = cost(members, loss, 1);
            println!("| {members} | {loss} % | {datagrams:.2} | {bytes:.0} |");
            assert!(datagrams >= 1.0);
        }
    }
}

#[test]
fn a_new_member_soon_knows_the_others() {
    for seed in 0..300 {
        let mut world = World::new(seed, Odds { loss: 0, duplicate: 0, reorder: 0, corrupt: 0 });
        for count in 0..4 {
            world.enter();
            let pause = millis(&mut world.random, 150, 3000);
            world.run_until(world.now + pause);
            for member in &world.members {
                assert_eq!(
                    member.engine.members(world.now).len(),
                    count,
                    "seed {seed}: {} after {pause:?}",
                    member.nick
                );
            }
        }
    }
}

/// Ten members say a thousand messages each at once, on a channel that loses a fifth.
#[test]
fn flow_control_slows_a_flood_and_loses_nothing() {
    let mut world = World::new(1, Odds { loss: 200, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..10).for_each(|_| _ = world.enter());
    world.run_until(world.now + Duration::from_secs(2));
    (0..1000).for_each(|_| (0..10).for_each(|index| world.say(index)));
    world.run_until(world.now + Duration::from_secs(60));
    world.check();
    for member in &world.members {
        let shown: usize = member.shown.values().map(Vec::len).sum();
        assert_eq!((shown, member.lost), (9 * 1000, 0), "{}", member.nick);
    }
    // A message has to be sent 2.6 times until nine members have it.
    assert!(world.sent.0 < 40_000, "{} datagrams", world.sent.0);
}

/// A crowd on a channel that loses a fifth: all know each other soon, and no present member expires.
#[test]
fn no_present_member_of_a_crowd_expires() {
    const CROWD: usize = 100;
    let mut world = World::new(1, Odds { loss: 200, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..CROWD).for_each(|_| _ = world.enter());
    let start = world.now;
    let known =
        |world: &World| world.members.iter().map(|member| member.engine.members(world.now).len()).sum::<usize>();
    world.run_until(start + Duration::from_secs(2));
    assert!(known(&world) > CROWD * (CROWD - 1) * 99 / 100, "{}", known(&world));
    world.run_until(start + Duration::from_mins(5));
    assert_eq!(known(&world), CROWD * (CROWD - 1));
    let shown: usize = world.members.iter().map(|member| member.came_or_left).sum();
    assert!(shown <= CROWD * (CROWD - 1), "{shown} times a member joined or left");
    world.members[0].gone = Some(world.now);
    world.run_until(world.now + Duration::from_mins(5));
    assert!(world.members[1..].iter().all(|member| member.engine.members(world.now).len() == CROWD - 2));
}

/// A member says ten thousand messages as fast as it may; the channel loses a hundredth of all datagrams.
#[test]
fn a_fast_sender_still_retransmits() {
    let mut world = World::new(1, Odds { loss: 10, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..2).for_each(|_| _ = world.enter());
    world.run_until(world.now + Duration::from_secs(2));
    let start = world.now;
    while shown_by(&world.members[1], "m0").len() < 10_000 {
        while world.members[0].engine.waiting() < 256 && world.members[0].said.len() < 10_000 {
            world.say(0);
        }
        world.run_until(world.now + Duration::from_millis(10));
        assert!(world.now < start + Duration::from_secs(12), "ten seconds are the least");
    }
}

#[test]
fn all_can_leave_at_the_same_time() {
    let mut world = World::new(1, Odds { loss: 200, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..30).for_each(|_| _ = world.enter());
    world.run_until(world.now + Duration::from_secs(30));
    for index in 1..30 {
        world.say(index);
        world.members[index].engine.leave(world.now);
        world.drain(index);
    }
    world.run_until(world.now + Duration::from_secs(3));
    assert!(world.members[1..].iter().all(|member| member.gone.is_some()));
    assert!(world.members[0].shown.len() == 29 && world.members[0].engine.members(world.now).is_empty());
}

#[test]
fn a_leaving_member_is_done_when_all_have_its_messages() {
    for (listeners, messages, loss) in [(1, 1, 300), (1, 100, 300), (2, 1, 300), (5, 20, 200), (5, 1, 0)] {
        for seed in 0..100 {
            let mut world = World::new(seed, Odds { loss, duplicate: 0, reorder: 0, corrupt: 0 });
            (0..listeners).for_each(|_| _ = world.enter());
            world.run_until(world.now + Duration::from_secs(10));
            // As a script does: joins, says all it has, and leaves.
            let script = world.enter();
            (0..messages).for_each(|_| world.say(script));
            let now = world.now;
            world.members[script].engine.leave(now);
            world.run_until(now + Duration::from_secs(20));
            for member in &world.members[..listeners] {
                let shown = shown_by(member, &world.members[script].nick).len();
                assert_eq!((shown, member.lost), (messages, 0), "seed {seed}, loss {loss}: {}", member.nick);
                assert_eq!(member.engine.members(world.now).len(), listeners - 1, "seed {seed}");
            }
            let took = world.members[script].gone.unwrap().saturating_sub(now);
            assert!(loss > 0 || took < Duration::from_secs(1), "{took:?}");
        }
    }
}
