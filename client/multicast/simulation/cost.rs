//! What a message costs, in datagrams and bytes. `make bench` measures with it, too.

use super::world::{Odds, World};
use std::time::Duration;

const MESSAGES: usize = 200;

/// The datagrams and bytes for each message: members speak in turn, on a channel that only loses, `loss` in per cent.
pub fn cost(members: usize, loss: u64, seed: u64) -> (f64, f64) {
    let mut world = World::new(seed, Odds { loss: loss * 10, duplicate: 0, reorder: 0, corrupt: 0 });
    (0..members).for_each(|_| _ = world.enter());
    let start = world.now + Duration::from_secs(5);
    world.run_until(start);
    world.sent = (0, 0);
    for number in 0..MESSAGES {
        let index = number % members;
        let now = world.now;
        // As long as a usual line.
        let member = &mut world.members[index];
        member.said.push(now);
        let text = format!("{:<60}", member.said.len());
        member.engine.say(&text, now);
        world.drain(index);
        world.run_until(now + Duration::from_millis(500));
    }
    world.run_until(world.now + Duration::from_secs(10));
    world.check();
    #[expect(clippy::cast_precision_loss, reason = "small numbers, to be printed")]
    let per_message = |count: u64| count as f64 / MESSAGES as f64;
    (per_message(world.sent.0), per_message(world.sent.1))
}
