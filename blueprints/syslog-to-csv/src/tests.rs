use standpipe_sdk::testing;

#[test]
fn five_fields_and_an_empty_pid() {
    let lines: [&[u8]; 2] =
        [b"Jun 14 15:16:01 combo sshd[1]: a, b", b"Jun 14 15:16:01 combo kernel: \"up\"\r"];
    let out = testing::run::<crate::Plugin>("{}", &lines);
    assert_eq!(
        out.texts(),
        ["Jun 14 15:16:01,combo,sshd,1,\"a, b\"", "Jun 14 15:16:01,combo,kernel,,\"\"\"up\"\"\""]
    );
}
