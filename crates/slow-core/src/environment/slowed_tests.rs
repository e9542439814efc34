//! On CPUs that are slower than the host's, or than they should be.

use super::{
    tests::{Group, MS, START, at, observe},
    *,
};
use crate::conversion::Cold;

const COLD: Cold = Cold {
    used_ns: MS,
    after_ns: 20 * MS,
};

/// On slowed CPUs, and cold.
fn cold(group: &Group, quota_ns: Option<u64>) -> Environment {
    let environment = group.open(Limit {
        slowness: 2.0,
        cold: COLD,
        quota_ns,
        ..group.limit(Counts::NsPerCpu)
    });
    Environment {
        pace: Some(PACE),
        ..environment
    }
}

const PACE: Pace = Pace {
    busy_ns: 125_000,
    cycle_ns: 250_000,
    alone: None,
};
const UNSLOWED: Pace = Pace { busy_ns: 0, ..PACE };

#[test]
fn while_it_is_cold_nothing_of_its_cpus_is_taken_and_then_all() {
    let group = Group::new();
    let environment = cold(&group, Some(1_447_000));
    environment.run(START).expect("files");
    assert!(environment.is_observed());
    assert_eq!(environment.pace(), Some(UNSLOWED));
    group.use_up("400000 500000");
    observe(&environment, 0, at(1));
    observe(&environment, 1, at(1));
    assert_eq!(environment.pace(), Some(UNSLOWED));
    group.use_up("600000 500000");
    observe(&environment, 0, at(1));
    assert_eq!(environment.pace(), Some(PACE));
    // Used, what it is worth, and what is left of what is not slowed.
    assert_eq!(group.totals(), [1_100_000, 1_200_000, 0]);
    environment.rest(START + 2 * MS).expect("files");
    environment.run(START + 12 * MS).expect("files");
    assert_eq!(environment.pace(), Some(UNSLOWED));
    assert_eq!(group.totals()[2], 500_000);
}

#[test]
fn one_that_was_held_is_slowed_at_once_when_it_is_let_go() {
    let group = Group::new();
    let environment = cold(&group, Some(1_447_000));
    environment.throttle(START).expect("files");
    environment.run(START).expect("files");
    observe(&environment, 0, at(1));
    group.use_up("4000000 0");
    // 1 ms and 3 ms that are worth 6: paid by the refills at 5, 25, 45 and 65.
    assert_eq!(observe(&environment, 0, at(5)), Some(START + 65 * MS));
    assert_eq!(environment.pace(), Some(PACE));
    environment.release(START + 65 * MS).expect("files");
    assert_eq!(environment.pace(), Some(PACE));
}

#[test]
fn one_that_has_all_its_cpus_is_looked_at_and_never_held() {
    let group = Group::new();
    let environment = cold(&group, None);
    environment.throttle(START).expect("files");
    environment.run(START).expect("files");
    assert!(environment.is_observed() && !environment.is_throttled());
    group.use_up("90000000 90000000");
    assert_eq!(observe(&environment, 0, at(90)), None);
    assert_eq!(environment.pace(), Some(PACE));
    assert_eq!(group.word(), "");
}

#[test]
fn where_others_use_its_core_it_owes_less() {
    let group = Group::new();
    let environment = group.running();
    let half = |ms| Moment {
        speed: 0.5,
        ..at(ms)
    };
    observe(&environment, 0, half(1));
    group.use_up("2000000 0");
    assert_eq!(observe(&environment, 0, half(3)), None);
    group.use_up("4000000 0");
    // It got the work of 2 ms done, which two refills pay; 4 ms would be one more's.
    assert_eq!(observe(&environment, 0, half(5)), None);
}

#[test]
fn page_faults_are_cpu_time_and_are_waited_for_where_they_were_had() {
    let group = Group::new();
    let environment = group.open(Limit {
        fault_ns: 7_000,
        ..group.limit(Counts::NsPerCpu)
    });
    let Some(own) = crate::page_faults::tests::own() else {
        eprintln!("skipped: page faults cannot be counted");
        return;
    };
    environment.add_process(own);
    environment.throttle(START).expect("files");
    environment.run(START).expect("files");
    group.use_up("1000 1000");
    observe(&environment, 0, at(1));
    observe(&environment, 1, at(1));
    environment.pay(0, u64::MAX);
    // 400 pages of fresh memory: 2.8 ms, beside some of the test's own.
    let fresh = crate::page_faults::tests::touch(400);
    group.use_up("1000 1001000");
    assert_eq!(observe(&environment, 0, at(2)), None);
    assert_eq!(environment.pay(0, u64::MAX), 0);
    observe(&environment, 1, at(2));
    assert_eq!(environment.pay(1, 400_000), 400_000);
    let left_ns = environment.pay(1, u64::MAX);
    assert!((2_400_000..3_800_000).contains(&left_ns), "{left_ns}");
    assert_eq!(environment.pay(1, u64::MAX), 0);
    drop(fresh);
    // At the tick they are charged: 2.8 ms and one that was counted, which two refills do not pay.
    group.use_up("1000 1002000");
    let until = observe(&environment, 1, at(5));
    assert!(until.is_some_and(|until| until >= START + 25 * MS));
}

#[test]
fn what_one_call_owes_is_not_the_nexts() {
    let group = Group::new();
    let environment = group.running();
    let Some(limited) = &environment.limited else {
        panic!("it has a limit")
    };
    limited.lock().fault_debt.add(0, MS);
    environment.rest(START + MS).expect("files");
    environment.run(START + 2 * MS).expect("files");
    assert_eq!(environment.pay(0, u64::MAX), 0);
}

#[test]
fn of_cgroup_v2_time_is_worth_what_all_its_cpus_are() {
    let group = Group::new();
    group.use_up("usage_usec 0\n");
    let environment = group.open(group.limit(Counts::CpuStat));
    environment.run(START).expect("files");
    let beside = Moment {
        speed: 0.5,
        ..at(1)
    };
    observe(&environment, 1, beside);
    observe(&environment, 0, at(1));
    group.use_up("usage_usec 1000\n");
    observe(&environment, 0, at(2));
    assert_eq!(group.totals()[1], 750_000);
}

#[test]
fn what_others_used_of_its_quota_holds_it() {
    let group = Group::new();
    let environment = group.running();
    assert_eq!(environment.charge(START + MS, MS).expect("files"), None);
    assert_eq!(
        environment.charge(START + 2 * MS, MS).expect("files"),
        Some(START + 5 * MS)
    );
    assert_eq!(group.word(), "FROZEN");
    // Held, it owes more: 1.5 ms, which the refill at 5 does not pay.
    assert_eq!(environment.charge(START + 3 * MS, MS).expect("files"), None);
    assert_eq!(
        environment.release(START + 5 * MS).expect("files"),
        Some(START + 25 * MS)
    );
}

#[test]
fn one_that_is_not_throttled_owes_nothing() {
    let group = Group::new();
    let environment = group.open(group.limit(Counts::NsPerCpu));
    environment.run(START).expect("files");
    assert_eq!(environment.charge(START, 9 * MS).expect("files"), None);
    assert_eq!(group.word(), "");
}
