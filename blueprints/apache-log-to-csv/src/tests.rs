use standpipe_sdk::testing;

fn csv(line: &str) -> String {
    let out = testing::run::<crate::Plugin>("{}", &[line.as_bytes()]);
    assert!(out.failed.is_empty(), "{:?}", out.failed);
    out.texts().join("\n")
}

#[test]
fn a_common_line_has_seven_fields() {
    let line = r#"::1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a,b HTTP/1.0" 200 2326"#;
    assert_eq!(csv(line), r#"::1,-,frank,10/Oct/2000:13:55:36 -0700,"GET /a,b HTTP/1.0",200,2326"#);
}

#[test]
fn a_combined_line_has_nine_and_quotes_are_doubled() {
    let line = r#"h - - [10/Oct/2000:13:55:36 -0700] "GET / HTTP/1.0" 304 - "-" "say \"hi\"""#;
    assert_eq!(csv(line), r#"h,-,-,10/Oct/2000:13:55:36 -0700,GET / HTTP/1.0,304,,-,"say \""hi\""""#);
}
