//! Flood control: a token bucket that throttles a flooder's own thread.
//!
//! Each client thread has one of its own; nothing is shared.

use std::time::{Duration, Instant};

use super::limits;

/// Lets [`limits::FLOOD_BURST`] lines pass at once and then a stated number a second.
#[derive(Debug)]
pub struct TokenBucket {
    /// Time that one line costs; zero turns the control off.
    per_line: Duration,
    /// When the bucket will be full again. Each line moves this moment away by `per_line`.
    full_at: Instant,
}

impl TokenBucket {
    pub fn new(lines_per_second: u32, now: Instant) -> Self {
        let per_line = Duration::from_secs(1).checked_div(lines_per_second).unwrap_or_default();
        TokenBucket { per_line, full_at: now }
    }

    /// Takes a token, and says how long to wait before the line may be handled.
    pub fn take(&mut self, now: Instant) -> Duration {
        self.charge(1, 1, now);
        self.debt(now)
    }

    /// Takes further tokens, for what some lines have cost beyond their first. Never more than a whole burst for each, so
    /// that nobody has to wait for longer than that takes to come back.
    pub fn charge(&mut self, tokens: u32, lines: u32, now: Instant) {
        self.full_at = self.full_at.max(now) + self.per_line * tokens.min(limits::FLOOD_BURST * lines);
    }

    /// How long to wait until no token is owed.
    pub fn debt(&self, now: Instant) -> Duration {
        let whole_burst = self.per_line * limits::FLOOD_BURST;
        self.full_at.saturating_duration_since(now).saturating_sub(whole_burst)
    }

    /// Gives the last token back: that line does not count.
    pub fn refund(&mut self) {
        self.full_at -= self.per_line;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_the_rest_is_throttled() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, start);
        assert!((0..limits::FLOOD_BURST).all(|_| bucket.take(start).is_zero()));
        assert_eq!(bucket.take(start), Duration::from_millis(100));
        assert_eq!(bucket.take(start), Duration::from_millis(200));
    }

    #[test]
    fn what_a_line_has_cost_beyond_its_token_the_next_one_waits_for() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, start);
        bucket.charge(150, 1, start);
        assert_eq!(bucket.debt(start), Duration::ZERO);
        assert!((0..50).all(|_| bucket.take(start).is_zero()));
        bucket.charge(15, 1, start);
        assert_eq!(bucket.take(start), Duration::from_millis(1600));
        let mut other = TokenBucket::new(10, start);
        other.charge(u32::MAX, 1, start);
        assert_eq!(other.take(start), Duration::from_millis(100), "one line costs a burst at most");
        let mut other = TokenBucket::new(10, start);
        other.charge(u32::MAX, 2, start);
        assert_eq!(other.take(start), Duration::from_millis(20_100), "and two of them");
    }

    #[test]
    fn tokens_come_back_up_to_a_burst() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, start);
        let mut passed = |at| (0..1000).take_while(|_| bucket.take(at).is_zero()).count();
        assert_eq!(passed(start), 200);
        let later = start + Duration::from_secs(5);
        assert!((40..=50).contains(&passed(later)));
        assert_eq!(passed(later + Duration::from_secs(3600)), 200);
    }

    #[test]
    fn a_line_that_was_asked_for_costs_nothing() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(10, start);
        for _ in 0..1000 {
            assert!(bucket.take(start).is_zero());
            bucket.refund();
        }
    }

    #[test]
    fn zero_turns_it_off() {
        let start = Instant::now();
        let mut bucket = TokenBucket::new(0, start);
        bucket.charge(1000, 1, start);
        assert!((0..100_000).all(|_| bucket.take(start).is_zero()));
    }
}
