use std::{
    env, fs,
    path::PathBuf,
    sync::atomic::{AtomicUsize, Ordering as AtomicOrdering},
};

use super::*;
use crate::conversion::Cold;

pub const MS: u64 = 1_000_000;
pub const START: u64 = 1_000 * MS;

/// Files that stand for a cgroup's.
pub struct Group {
    folder: PathBuf,
}

impl Group {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, AtomicOrdering::Relaxed);
        let name = format!("slow-core-{}-{count}", std::process::id());
        let folder = env::temp_dir().join(name);
        fs::create_dir(&folder).expect("a folder");
        for (file, text) in [("usage", "0 0"), ("hold", ""), ("held", "")] {
            fs::write(folder.join(file), text).expect("a file");
        }
        Self { folder }
    }

    pub fn limit(&self, counts: Counts) -> Limit {
        Limit {
            quota_ns: Some(1_447_000),
            slowness: 1.0,
            cold: Cold::default(),
            fault_ns: 0,
            refill_phase_ns: 5 * MS,
            tick_phase_ns: MS,
            usage: self.folder.join("usage"),
            counts,
            hold: self.folder.join("hold"),
            freeze: "FROZEN".into(),
            thaw: "THAWED".into(),
        }
    }

    pub fn open(&self, limit: Limit) -> Environment {
        let slots = Slots::open(&self.folder.join("held")).expect("a file");
        let opening = Opening {
            id: 1,
            cpus: vec![0, 1],
            pace: None,
            limit: Some(limit),
        };
        Environment::open(opening, &Arc::new(slots)).expect("files")
    }

    /// One that runs, throttled since START.
    pub fn running(&self) -> Environment {
        let environment = self.open(self.limit(Counts::NsPerCpu));
        environment.throttle(START).expect("a file");
        environment.run(START).expect("files");
        environment
    }

    pub fn use_up(&self, text: &str) {
        fs::write(self.folder.join("usage"), text).expect("a file");
    }

    pub fn word(&self) -> String {
        fs::read_to_string(self.folder.join("hold")).expect("a file")
    }

    /// The three numbers of its CPU time, ns.
    pub fn totals(&self) -> [i64; 3] {
        let all = fs::read(self.folder.join("held")).expect("a file");
        let number = |at: usize| i64::from_le_bytes(all[at..at + 8].try_into().expect("eight"));
        [number(48), number(56), number(64)]
    }

    /// As of an instant, ns.
    fn held_ns(&self, now_ns: u64) -> i64 {
        let all = fs::read(self.folder.join("held")).expect("a file");
        let slot = all.get(40..48).map_or(0, |slot| {
            i64::from_le_bytes(slot.try_into().expect("eight"))
        });
        let since = if slot & 1 == 1 {
            i64::try_from(now_ns).expect("small")
        } else {
            0
        };
        (slot >> 1) + since
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.folder).expect("ours");
    }
}

/// Its files are gone already: those that were opened stay.
pub fn environment(id: u32, pace: Option<Pace>) -> Environment {
    let group = Group::new();
    let environment = group.open(group.limit(Counts::NsPerCpu));
    Environment {
        id,
        pace,
        ..environment
    }
}

/// A look at so many ms after START, of a thread that has used nothing itself.
pub fn at(ms: u64) -> Moment {
    Moment {
        now_ns: START + ms * MS,
        own_ns: 0,
        speed: 1.0,
    }
}

pub fn observe(environment: &Environment, cpu_index: usize, moment: Moment) -> Option<u64> {
    environment.observe(cpu_index, moment).expect("files")
}

#[test]
fn one_that_runs_through_is_held_at_the_tick_and_not_before() {
    let group = Group::new();
    let environment = group.running();
    observe(&environment, 0, at(1));
    for (ms, used) in [(2, "1000000 0"), (3, "2000000 0"), (4, "3000000 0")] {
        group.use_up(used);
        assert_eq!(observe(&environment, 0, at(ms)), None);
        assert_eq!(group.word(), "");
    }
    group.use_up("4000000 0");
    assert_eq!(observe(&environment, 0, at(5)), Some(START + 25 * MS));
    assert_eq!(group.word(), "FROZEN");
}

#[test]
fn one_that_sleeps_is_held_at_the_next_look() {
    let group = Group::new();
    let environment = group.running();
    observe(&environment, 0, at(1));
    // Of 2 ms it ran for 1.5.
    group.use_up("1500000 0");
    assert_eq!(observe(&environment, 0, at(3)), Some(START + 5 * MS));
}

#[test]
fn one_that_comes_has_not_left_and_is_charged_when_it_goes() {
    let group = Group::new();
    let environment = group.running();
    observe(&environment, 0, at(1));
    // Away for one observation, and another.
    observe(&environment, 0, at(2));
    observe(&environment, 0, at(3));
    // It came in the middle of this one, and sleeps from the middle of the next.
    group.use_up("800000 0");
    assert_eq!(observe(&environment, 0, at(4)), None);
    group.use_up("1500000 0");
    let next = Moment {
        now_ns: START + 4 * MS + 900_000,
        own_ns: 0,
        speed: 1.0,
    };
    assert_eq!(observe(&environment, 0, next), Some(START + 5 * MS));
}

#[test]
fn what_the_looking_thread_took_itself_is_no_sleep() {
    let group = Group::new();
    let environment = group.running();
    observe(&environment, 0, at(1));
    group.use_up("1500000 0");
    let busy = Moment {
        own_ns: MS / 2,
        ..at(3)
    };
    assert_eq!(observe(&environment, 0, busy), None);
}

#[test]
fn it_is_let_go_when_its_debt_is_paid_and_told_for_how_long_it_was_held() {
    let group = Group::new();
    let environment = group.running();
    observe(&environment, 0, at(1));
    group.use_up("1500000 0");
    observe(&environment, 0, at(3));
    assert_eq!(
        environment.release(START + 4 * MS).expect("files"),
        Some(START + 5 * MS)
    );
    assert_eq!(group.word(), "FROZEN");
    assert_eq!(group.held_ns(START + 4 * MS), 1_000_000);
    assert_eq!(environment.release(START + 6 * MS).expect("files"), None);
    assert_eq!(group.word(), "THAWED");
    assert_eq!(group.held_ns(START + 9 * MS), 3_000_000);
}

#[test]
fn at_rest_it_pays_and_a_run_changes_nothing_about_it() {
    let group = Group::new();
    let environment = group.running();
    group.use_up("1000000 2000000");
    assert_eq!(
        environment.rest(START + 2 * MS).expect("files"),
        Some(START + 25 * MS)
    );
    assert_eq!(group.word(), "FROZEN");
    assert_eq!(observe(&environment, 0, at(3)), None);
    environment.run(START).expect("files");
    assert_eq!(observe(&environment, 0, at(4)), None);
    assert_eq!(environment.rest(START + 13 * MS).expect("files"), None);
    environment.release(START + 25 * MS).expect("files");
    assert_eq!(group.word(), "THAWED");
    assert_eq!(group.held_ns(START + 99 * MS), 23_000_000);
}

#[test]
fn unthrottled_it_is_let_go_and_never_held() {
    let group = Group::new();
    let environment = group.running();
    group.use_up("9000000 0");
    observe(&environment, 0, at(5));
    assert_eq!(group.word(), "FROZEN");
    environment.unthrottle(START + 6 * MS).expect("files");
    assert_eq!(group.word(), "THAWED");
    group.use_up("90000000 0");
    assert_eq!(observe(&environment, 0, at(9)), None);
    assert!(!environment.is_throttled());
}

#[test]
fn time_on_a_slowed_cpu_counts_as_a_lambda_vcpus() {
    let group = Group::new();
    let environment = group.open(Limit {
        slowness: 2.0,
        ..group.limit(Counts::NsPerCpu)
    });
    environment.throttle(START).expect("files");
    environment.run(START).expect("files");
    group.use_up("800000 0");
    assert_eq!(observe(&environment, 0, at(1)), Some(START + 5 * MS));
}

#[test]
fn of_cgroup_v2_it_sleeps_once_no_cpu_sees_it_move() {
    let group = Group::new();
    group.use_up("usage_usec 0\n");
    let environment = group.open(group.limit(Counts::CpuStat));
    environment.throttle(START).expect("files");
    environment.run(START).expect("files");
    let quarter = |quarters: u64| Moment {
        now_ns: START + MS + quarters * MS / 4,
        own_ns: 0,
        speed: 1.0,
    };
    // It runs on the second CPU, whose observation the first one's comes before.
    for (quarters, usec) in [(0, 500), (1, 750), (2, 1_000), (3, 1_250)] {
        assert_eq!(observe(&environment, 0, quarter(quarters)), None);
        group.use_up(&format!("usage_usec {usec}\n"));
        assert_eq!(observe(&environment, 1, quarter(quarters)), None);
    }
    group.use_up("usage_usec 1500\n");
    assert_eq!(observe(&environment, 1, quarter(4)), None);
    assert_eq!(observe(&environment, 0, quarter(5)), None);
    assert_eq!(observe(&environment, 1, quarter(5)), None);
    assert_eq!(observe(&environment, 0, quarter(6)), Some(START + 5 * MS));
}

#[test]
fn a_tick_falls_on_a_look() {
    let pace = Pace {
        busy_ns: 1,
        cycle_ns: 250_000,
        alone: None,
    };
    assert_eq!(align_tick(1_999_999, Some(pace)), 1_750_000);
    assert_eq!(align_tick(1_999_999, None), 1_500_000);
    let odd = Pace {
        cycle_ns: 300_000,
        ..pace
    };
    assert_eq!(align_tick(1_999_999, Some(odd)), 1_999_999);
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let group = Group::new();
    let slots = Arc::new(Slots::open(&group.folder.join("held")).expect("a file"));
    let opening = Opening {
        id: 1,
        cpus: vec![0],
        pace: None,
        limit: Some(Limit {
            usage: "/nowhere/usage".into(),
            ..group.limit(Counts::NsPerCpu)
        }),
    };
    let error = Environment::open(opening, &slots).expect_err("no such file");
    assert!(format!("{error:#}").contains("cannot open /nowhere/usage"));
}
