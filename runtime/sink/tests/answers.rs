//! What the S3 sink makes of answers that the servers at hand do not give, by a server that gives what it is told to.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may end with a panic")]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use standpipe_record::Kind;
use standpipe_sink::testing::object;
use standpipe_sink::{Begun, Delivered, Error, Keys, Object, S3, S3Settings, Sink};

/// A request's first line and headers, in lower case.
type Requests = Arc<Mutex<Vec<String>>>;

/// Answers each request by the first entry whose words are all in its first line.
fn serve(answers: &[(&'static str, &'static str)]) -> (S3, Requests) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (requests, answers) = (Requests::default(), answers.to_vec());
    let seen = Arc::clone(&requests);
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let _ = answer(connection.unwrap(), &answers, &seen);
        }
    });
    let settings = S3Settings {
        endpoint: Some(endpoint),
        region: None,
        path_style: true,
        profile: None,
        keys: Some(Arc::new(|| Ok(Keys { id: "id".into(), secret: "secret".into(), session_token: None }))),
        multipart_above: 100,
        part_size: 60,
    };
    (S3::new(settings), requests)
}

fn answer(
    mut connection: TcpStream,
    answers: &[(&'static str, &'static str)],
    seen: &Requests,
) -> std::io::Result<()> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4_096]);
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        }
        let read = connection.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..read]);
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
    let whole = head.len() + 4 + length.unwrap_or_default();
    while bytes.len() < whole {
        let read = connection.read(&mut piece)?;
        bytes.extend_from_slice(&piece[..read]);
    }
    let first = head.lines().next().unwrap_or_default().to_owned();
    let found = answers.iter().find(|(words, _)| words.split(' ').all(|word| first.contains(word)));
    let text = found.map_or("500 Unexpected\n", |(_, text)| text);
    seen.lock().unwrap().push(head);
    // A status with headers, and behind an empty line a body.
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let head = head.replace('\n', "\r\n");
    let length = if head.to_lowercase().contains("content-length") {
        String::new()
    } else {
        format!("\r\nContent-Length: {}", body.len())
    };
    write!(connection, "HTTP/1.1 {head}{length}\r\nConnection: close\r\n\r\n{body}")
}

fn small() -> Object {
    object("logs", "key", "1", "body")
}

fn large() -> Object {
    object("logs", "key", "1", vec![b'x'; 150])
}

/// The digest of `small`.
const DIGEST: &str = "200 OK\nContent-Length: 4\nx-amz-meta-standpipe-sha256: 230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5\n\n";
const OTHER: &str = "200 OK\nContent-Length: 4\nx-amz-meta-standpipe-sha256: 00\n\n";
const TAKEN: &str = "412 Precondition Failed\n\n<Error><Code>PreconditionFailed</Code></Error>";
const BEGUN: &str =
    "200 OK\n\n<InitiateMultipartUploadResult><UploadId>up</UploadId></InitiateMultipartUploadResult>";
const PART: &str = "200 OK\nETag: \"e\"\n\n";

async fn deliver(s3: &S3, object: Object) -> Result<Delivered, Error> {
    s3.deliver(&Arc::new(object), &()).await
}

#[tokio::test]
async fn what_is_under_a_taken_key_decides() {
    let cases: [(&str, &str, Result<Delivered, Kind>); 5] = [
        (DIGEST, "500 x", Ok(Delivered::Already)),
        (OTHER, "500 x", Err(Kind::Reject)),
        ("404 Not Found", "500 x", Err(Kind::Retry)),
        ("200 OK\nContent-Length: 4\n\n", "200 OK\n\nbody", Ok(Delivered::Already)),
        ("200 OK\nContent-Length: 4\n\n", "200 OK\n\nelse", Err(Kind::Reject)),
    ];
    for (head, get, want) in cases {
        let (s3, _) = serve(&[("put", TAKEN), ("head", head), ("get", get)]);
        let got = deliver(&s3, small()).await.map_err(|error| error.kind());
        assert_eq!(got, want, "{head}, {get}");
    }
}

#[tokio::test]
async fn keys_that_may_not_read_can_put_after_a_broken_upload() {
    let (s3, requests) = serve(&[("delete", "204 No Content"), ("head", "403 Forbidden"), ("put", "200 OK")]);
    let begun = Begun { bucket: "old".into(), key: "other".into(), id: "up".into() };
    let delivered = deliver(&s3, Object { upload: Some(begun), ..small() }).await.unwrap();
    assert_eq!(delivered, Delivered::Written);
    let requests = requests.lock().unwrap();
    assert!(
        requests[0].starts_with("delete /old/other?") && requests[0].contains("uploadid=up"),
        "{requests:?}"
    );
    assert!(requests[2].contains("if-none-match: *"), "{requests:?}");
}

#[tokio::test]
async fn keys_that_may_not_read_what_is_there_are_told_what_they_need() {
    let (s3, _) = serve(&[("put", TAKEN), ("head", "403 Forbidden")]);
    let error = deliver(&s3, small()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().ends_with("to see what is under a key that is taken"), "{error}");
}

#[tokio::test]
async fn a_server_without_conditions_is_asked_first() {
    let missing = "501 Not Implemented\n\n<Error><Code>NotImplemented</Code></Error>";
    let (s3, requests) = serve(&[("put", missing), ("head", "404 Not Found")]);
    assert_eq!(deliver(&s3, small()).await.unwrap_err().kind(), Kind::Retry);
    // It does not know the next one either, and that has no condition.
    assert_eq!(deliver(&s3, small()).await.unwrap_err().kind(), Kind::Invalid);
    let requests = requests.lock().unwrap();
    let first: Vec<&str> = requests.iter().map(|request| request.split(' ').next().unwrap()).collect();
    assert_eq!(first, ["put", "head", "put"]);
    assert!(requests[0].contains("if-none-match") && !requests[2].contains("if-none-match"));
}

#[tokio::test]
async fn a_completion_may_fail_behind_its_status_or_have_happened_before() {
    let broken = "200 OK\n\n<Error><Code>InternalError</Code><Message>m</Message></Error>";
    let gone = "404 Not Found\n\n<Error><Code>NoSuchUpload</Code></Error>";
    let taken = "200 OK\n\n<Error><Code>PreconditionFailed</Code></Error>";
    let digest = format!(
        "200 OK\nContent-Length: 150\nx-amz-meta-standpipe-sha256: {}\n\n",
        large().sha256.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    );
    let digest: &'static str = Box::leak(digest.into_boxed_str());
    for (complete, want) in
        [(broken, Err(Kind::Retry)), (gone, Ok(Delivered::Already)), (taken, Ok(Delivered::Already))]
    {
        let (s3, requests) = serve(&[
            ("post uploadid=up", complete),
            ("post uploads", BEGUN),
            ("put partnumber", PART),
            ("head", digest),
            ("delete", "204 No Content"),
        ]);
        let got = deliver(&s3, large()).await.map_err(|error| error.kind());
        assert_eq!(got, want, "{complete}");
        let parts = requests.lock().unwrap().iter().filter(|request| request.contains("partnumber")).count();
        assert_eq!(parts, 3);
    }
}

#[tokio::test]
async fn too_much_at_a_time_is_told_apart() {
    let slow = "503 Slow Down\n\n<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>";
    let (s3, _) = serve(&[("put", slow)]);
    let error = deliver(&s3, small()).await.unwrap_err();
    assert!(error.is_throttled() && error.kind() == Kind::Retry);
    assert!(
        error.to_string().ends_with("SlowDown (503): Please reduce your request rate; it is tried again"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_at_the_endpoint_is_passing() {
    let settings = S3Settings {
        endpoint: Some("http://127.0.0.1:1".into()),
        region: None,
        path_style: true,
        profile: None,
        keys: Some(Arc::new(|| Ok(Keys::default()))),
        multipart_above: 100,
        part_size: 60,
    };
    let error = deliver(&S3::new(settings), small()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Retry);
    assert!(error.to_string().contains("Connection refused"), "{error}");
}

#[tokio::test]
async fn keys_that_cannot_be_had_are_for_a_person_to_mend() {
    let settings = S3Settings {
        endpoint: Some("http://127.0.0.1:1".into()),
        region: None,
        path_style: true,
        profile: None,
        keys: Some(Arc::new(|| Err("`secret` cannot be read: gone".to_owned()))),
        multipart_above: 100,
        part_size: 60,
    };
    let error = deliver(&S3::new(settings), small()).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
    assert!(error.to_string().contains("`secret` cannot be read: gone; mend the reference"), "{error}");
}
