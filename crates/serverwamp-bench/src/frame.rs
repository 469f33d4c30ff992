//! WebSocket frames as a client writes and reads them, by hand.

use std::ops::Range;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Appends a masked frame with the payload that `fill` appends, which is shorter than 64 KiB.
pub(crate) fn write(out: &mut Vec<u8>, opcode: u8, key: [u8; 4], fill: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0x80 | opcode, 0, key[0], key[1], key[2], key[3]]);
    fill(out);
    let mut payload = start + 6;
    let len = out.len() - payload;
    if len < 126 {
        out[start + 1] = 0x80 | len as u8;
    } else {
        assert!(len < 1 << 16, "no benchmark sends such long messages");
        let [high, low] = (len as u16).to_be_bytes();
        out[start + 1] = 0x80 | 126;
        out.splice(start + 2..start + 2, [high, low]);
        payload += 2;
    }
    for (byte, key) in out[payload..].iter_mut().zip(key.into_iter().cycle()) {
        *byte ^= key;
    }
}

/// The header of a frame whose mask is zero, so that its payload follows as it is: `first` is its first byte.
pub(crate) fn unmasked_head(first: u8, len: usize) -> Vec<u8> {
    let mut head = vec![first];
    match len {
        0..=125 => head.push(0x80 | len as u8),
        126..=0xffff => {
            head.push(0x80 | 126);
            head.extend_from_slice(&(len as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    head.extend_from_slice(&[0; 4]);
    head
}

/// One frame from a server: its opcode, where its payload is, where the next frame begins.
pub(crate) struct Frame {
    pub(crate) opcode: u8,
    pub(crate) payload: Range<usize>,
}

/// The frame at the beginning of `bytes`, if all of it is there. Servers neither mask nor, here, fragment.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Frame>, String> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    if first & 0xf0 != 0x80 || second & 0x80 != 0 {
        return Err(format!("a frame that begins with {first:#04x} {second:#04x}"));
    }
    let (start, len) = match (second, rest) {
        (127, [0, 0, 0, 0, a, b, c, d, ..]) => (10, u32::from_be_bytes([*a, *b, *c, *d]) as usize),
        (127, [_, _, _, _, _, _, _, _, ..]) => return Err("a frame of more than 4 GiB".to_owned()),
        (126, [high, low, ..]) => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        (126 | 127, _) => return Ok(None),
        (len, _) => (2, usize::from(*len)),
    };
    let whole = bytes.len() >= start + len;
    Ok(whole.then_some(Frame { opcode: first & 0x0f, payload: start..start + len }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_lengths_they_say() {
        for len in [0, 1, 125, 126, 1000] {
            let mut out = vec![1, 2, 3];
            write(&mut out, TEXT, [0; 4], |out| out.resize(out.len() + len, b'x'));
            out.drain(..3);
            let header = if len < 126 { 6 } else { 8 };
            assert_eq!(out.len(), header + len);
            // Without its key it is what a server would send.
            out[1] &= 0x7f;
            out.drain(header - 4..header);
            let frame = read(&out).expect("is a frame").expect("is whole");
            assert_eq!((frame.opcode, frame.payload), (TEXT, header - 4..out.len()));
            assert!(read(&out[..out.len() - 1]).expect("may go on").is_none());
        }
    }

    #[test]
    fn payloads_are_masked() {
        let mut out = Vec::new();
        write(&mut out, BINARY, [1, 2, 3, 4], |out| out.extend_from_slice(&[0, 0, 0, 0, 0]));
        assert_eq!(out, [0x82, 0x85, 1, 2, 3, 4, 1, 2, 3, 4, 1]);
    }
}
