//! Any sequence of steps agrees with the model.

use proptest::prelude::*;
use standpipe_log::testing::{Loss, Rng};

use crate::world::{Action, World};

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => (1usize..5, prop_oneof![0usize..300, Just(1500)], any::<[bool; 4]>()).prop_map(
            |(records, bytes, [request, source, column, each_arrival])| Action::Write {
                records, bytes, request, source, column, each_arrival
            }
        ),
        4 => Just(Action::Sync),
        2 => any::<u8>().prop_map(|from| Action::Read { from }),
        2 => any::<u8>().prop_map(|part| Action::Release { part }),
        1 => Just(Action::Rest),
        1 => Just(Action::Reopen),
        1 => prop_oneof![Just(Loss::Nothing), Just(Loss::Random)].prop_map(Action::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_run_agrees_with_the_model(
        actions in prop::collection::vec(action(), 1..60),
        segment_bytes in prop_oneof![Just(1u64), 300u64..6_000],
        seed in any::<u64>(),
    ) {
        let mut rng = Rng::new(seed);
        let mut world = World::new(seed, segment_bytes);
        world.open().unwrap().unwrap();
        for action in &actions {
            world.act(action, &mut rng).map_err(TestCaseError::fail)?;
        }
        world.crash(&mut rng, Loss::Random).map_err(TestCaseError::fail)?;
    }
}
