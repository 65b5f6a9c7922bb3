//! A network in which the first answers get lost.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

use crate::http::{connect, receive};

/// Passes requests on to `host`, and all answers but the first `lost`. Runs as long as the tests do.
pub(crate) fn start(host: SocketAddr, lost: usize) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut left = lost;
        for socket in listener.incoming().flatten() {
            pass(socket, host, &mut left);
        }
    });
    address
}

/// One connection after the other: a client that waits for an answer has one.
fn pass(mut client: TcpStream, host: SocketAddr, left: &mut usize) {
    while let Some(request) = request(&mut client) {
        let mut socket = connect(host);
        socket.write_all(&request).unwrap();
        let answer = receive(&mut socket).unwrap();
        if *left > 0 {
            *left -= 1;
            return;
        }
        let error = answer.header("x-amzn-errortype");
        let error = error.map(|error| format!("x-amzn-errortype: {error}\r\n")).unwrap_or_default();
        let (status, body) = (answer.status, &answer.body);
        let head = format!("HTTP/1.1 {status} Told\r\n{error}content-length: {}\r\n\r\n", body.len());
        if client.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

/// The bytes of a whole request. None once the client is gone.
fn request(client: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 16 << 10]);
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if bytes.len() >= end + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return Some(bytes);
            }
        }
        match client.read(&mut chunk) {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return None,
        }
    }
}
