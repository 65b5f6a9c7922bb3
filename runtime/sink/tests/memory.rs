//! The sink for tests keeps the rules of a real one.

use std::sync::Arc;

use standpipe_record::Kind;
use standpipe_sink::testing::{Memory, object};
use standpipe_sink::{Delivered, Object, Sink};

#[tokio::test]
async fn it_fails_as_often_as_told_then_takes_repeats_and_refuses_other_bytes() {
    let memory = Memory::new();
    let object = object("logs", "a", "1", "body");
    let other = Arc::new(Object { body: "other".into(), ..object.clone() });
    let object = Arc::new(object);
    memory.fail(2);
    for _ in 0..2 {
        assert_eq!(memory.deliver(&object, &()).await.unwrap_err().kind(), Kind::Retry);
    }
    assert!(memory.objects().is_empty());
    assert_eq!(memory.deliver(&object, &()).await.unwrap(), Delivered::Written);
    assert_eq!(memory.deliver(&object, &()).await.unwrap(), Delivered::Already);
    assert_eq!(memory.deliver(&other, &()).await.unwrap_err().kind(), Kind::Reject);
    let kept: Vec<_> = memory.objects().iter().map(|kept| kept.body.clone()).collect();
    assert_eq!(kept, std::slice::from_ref(&object.body));
    assert_eq!(memory.tries(), 5);
}
