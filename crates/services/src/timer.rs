//! A timer with microsecond precision.
//!
//! A runtime's own timers count whole milliseconds and overshoot by about one, so that times of 2 to
//! 6 ms cannot be modelled with them. Here one thread with the least timer slack has a heap of
//! deadlines, and wakes the tasks that wait for them.

use std::{
    cmp::Ordering,
    collections::BinaryHeap,
    io,
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread,
    time::Instant,
};

use tokio::sync::oneshot;

/// A heap of deadlines, earliest first. Pure: the caller says what time it is.
struct Deadlines<T> {
    waiting: BinaryHeap<Waiting<T>>,
}

struct Waiting<T> {
    deadline: Instant,
    item: T,
}

impl<T> Deadlines<T> {
    fn new() -> Self {
        Self {
            waiting: BinaryHeap::new(),
        }
    }

    /// Adds an item; true: its deadline is now the earliest.
    fn push(&mut self, deadline: Instant, item: T) -> bool {
        let earliest = self.next().is_none_or(|next| deadline < next);
        self.waiting.push(Waiting { deadline, item });
        earliest
    }

    fn next(&self) -> Option<Instant> {
        self.waiting.peek().map(|first| first.deadline)
    }

    /// Takes the earliest item whose deadline has come.
    fn pop_due(&mut self, now: Instant) -> Option<T> {
        if self.next()? > now {
            return None;
        }
        self.waiting.pop().map(|due| due.item)
    }
}

impl<T> Ord for Waiting<T> {
    /// Reversed: `BinaryHeap` yields its greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        other.deadline.cmp(&self.deadline)
    }
}

impl<T> PartialOrd for Waiting<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Waiting<T> {
    fn eq(&self, other: &Self) -> bool {
        self.deadline == other.deadline
    }
}

impl<T> Eq for Waiting<T> {}

/// A handle to the timer thread.
#[derive(Clone)]
pub struct Timer {
    shared: Arc<Shared>,
}

struct Shared {
    deadlines: Mutex<Deadlines<oneshot::Sender<()>>>,
    earlier: Condvar,
}

impl Timer {
    /// Starts the thread; it ends with the process.
    pub fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared {
            deadlines: Mutex::new(Deadlines::new()),
            earlier: Condvar::new(),
        });
        let run = Arc::clone(&shared);
        thread::Builder::new()
            .name("timer".to_owned())
            .spawn(move || run.wake_in_time())?;
        Ok(Self { shared })
    }

    /// Waits until the deadline; returns at once if it has passed.
    pub async fn until(&self, deadline: Instant) {
        if deadline <= Instant::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        let earliest = self
            .shared
            .deadlines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(deadline, wake);
        if earliest {
            self.shared.earlier.notify_one();
        }
        woken.await.expect("the timer thread ends with the process");
    }
}

impl Shared {
    fn wake_in_time(&self) {
        least_timer_slack();
        let mut deadlines = self
            .deadlines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        loop {
            let now = Instant::now();
            while let Some(wake) = deadlines.pop_due(now) {
                // The task that waited may have ended: its client closed the connection.
                let _ = wake.send(());
            }
            deadlines = match deadlines.next() {
                None => self
                    .earlier
                    .wait(deadlines)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(next) => {
                    self.earlier
                        .wait_timeout(deadlines, next.saturating_duration_since(now))
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
            };
        }
    }
}

/// The kernel may wake a thread later than asked, by 50 µs unless it is told otherwise.
/// <https://man7.org/linux/man-pages/man2/PR_SET_TIMERSLACK.2const.html>
#[allow(unsafe_code, reason = "prctl has no safe wrapper in std")]
fn least_timer_slack() {
    let nanoseconds: libc::c_ulong = 1;
    // SAFETY: the call changes one number of the calling thread and takes no pointer. Should it
    // fail, the slack stays as it was, and holds are that much less precise.
    unsafe {
        libc::prctl(libc::PR_SET_TIMERSLACK, nanoseconds, 0, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn items_come_due_in_the_order_of_their_deadlines() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new();
        for milliseconds in [5, 1, 9, 3] {
            deadlines.push(after(start, milliseconds), milliseconds);
        }
        let due: Vec<_> = std::iter::from_fn(|| deadlines.pop_due(after(start, 5))).collect();
        assert_eq!(due, [1, 3, 5]);
        assert_eq!(deadlines.next(), Some(after(start, 9)));
    }

    #[test]
    fn only_a_new_earliest_deadline_asks_for_a_wake_up() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new();
        assert!(deadlines.push(after(start, 5), ()));
        assert!(!deadlines.push(after(start, 6), ()));
        assert!(!deadlines.push(after(start, 5), ()));
        assert!(deadlines.push(after(start, 4), ()));
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let start = Instant::now();
        let mut deadlines = Deadlines::new();
        deadlines.push(after(start, 5), ());
        assert_eq!(deadlines.pop_due(after(start, 4)), None);
    }

    #[tokio::test]
    async fn a_hold_ends_no_earlier_than_its_deadline() {
        let timer = Timer::start().expect("a thread");
        for milliseconds in [3, 1, 2] {
            let deadline = after(Instant::now(), milliseconds);
            timer.until(deadline).await;
            assert!(Instant::now() >= deadline);
        }
    }
}
