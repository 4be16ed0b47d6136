//! One upload: offers a file, sends its bytes over a data connection, and goes on after a break.
//!
//! Run by the transfer's own thread; the state is locked for a moment at a time.

use crate::state::Client;
use crate::transfers::{Answer, Cancel, Upload};
use crate::worker::{self, Trouble};
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;
use wire::crc32::Crc32;
use wire::{files, limits};

/// The server writes up to [`limits::MAX_FILE`] bytes to its disk before it says that it has them.
const VERDICT: Duration = Duration::from_mins(5);
/// After a write has failed, the server's reason is there already, or it does not come.
const REASON: Duration = Duration::from_secs(1);

/// Sends a file; the sentence says how it went.
pub fn run(client: &Client, number: u64, upload: &Upload) -> Result<String, Trouble> {
    let mut upload = upload.clone();
    let result = send(client, number, &mut upload);
    let mut state = client.lock();
    // After many attempts in vain the next run of the client may have more luck.
    if !matches!(result, Err(Trouble::Lost(_))) {
        // If it cannot be taken off the file now, it is offered again in the next run, and refused or sent.
        let _ = state.transfers.kept.forget(&upload);
    }
    let id = state.transfers.get(number).and_then(|transfer| transfer.id);
    drop(state);
    let is_off = matches!(result, Err(Trouble::Cancelled(Cancel::ByUser) | Trouble::Final(_)));
    if let Some(id) = id
        && is_off
    {
        client.send("FILE", &["CANCEL", &id.to_string()]);
    }
    result
}

fn send(client: &Client, number: u64, upload: &mut Upload) -> Result<String, Trouble> {
    let name = name_of(&upload.path);
    let (file, size) = open(&upload.path).map_err(|why| Trouble::Final(format!("{name} cannot be sent: {why}")))?;
    let source = Source { file, name, size, known: (0, Crc32::default()) };
    let mut sending = Sending { client, number, upload, source, all_sent: false };
    // The server may have got all of it just before the client was ended.
    sending.all_sent = sending.upload.earlier_id.is_some();
    worker::until_done(client, number, || sending.attempt())
}

/// Opens a file to be sent; its size, or why it cannot be sent.
pub fn open(path: &Path) -> Result<(File, u64), String> {
    let look = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not read it".to_owned(),
        _ => error.to_string(),
    };
    // Before it is opened: a pipe would wait for its other end.
    let metadata = fs::metadata(path).map_err(look)?;
    if metadata.is_dir() {
        return Err("it is a folder; pack it into one file first, such as with tar or zip".to_owned());
    }
    if !metadata.is_file() {
        return Err("it is no ordinary file".to_owned());
    }
    Ok((File::open(path).map_err(look)?, metadata.len()))
}

/// The name under which a file is offered.
pub fn name_of(path: &Path) -> String {
    files::safe_name(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// The file on our disk.
struct Source {
    file: File,
    name: String,
    /// Its size when it was offered.
    size: u64,
    /// A beginning of it, and its sum: a long one must not be read again for each attempt.
    known: (u64, Crc32),
}

/// One upload under way.
struct Sending<'a> {
    client: &'a Client,
    number: u64,
    upload: &'a mut Upload,
    source: Source,
    /// Everything was sent once, and the server's word on it may have been lost.
    all_sent: bool,
}

impl Sending<'_> {
    fn attempt(&mut self) -> Result<String, Trouble> {
        if self.all_sent && self.has_arrived()? {
            return Ok(format!("{} is with {} already", self.source.name, self.upload.target));
        }
        self.all_sent = false;
        self.source.check_size()?;
        let (id, token, offset) = self.offer()?;
        let stream = worker::connect(self.client, self.number)?;
        worker::begin(self.client, self.number, offset, self.source.size);
        if let Err(trouble) = self.send_bytes(&stream, id, &token, offset) {
            return Err(Self::reason(&stream, trouble));
        }
        self.all_sent = true;
        let _ = stream.set_read_timeout(Some(VERDICT));
        if let Err(trouble) = worker::verdict(&mut BufReader::new(&*stream)) {
            // Only a word that did not come leaves it open whether the file arrived.
            self.all_sent = matches!(trouble, Trouble::Lost(_));
            return Err(trouble);
        }
        let mut state = self.client.lock();
        let progress = state.transfers.get(self.number).map(|transfer| transfer.progress).unwrap_or_default();
        drop(state);
        let Source { name, size, known: (_, sum), .. } = &self.source;
        let (target, how) = (&self.upload.target, progress.summary());
        Ok(format!("Sent {name} ({size} bytes, CRC-32 {:08x}) to {target} {how}", sum.value()))
    }

    /// Whether the server's list has the file as sent.
    fn has_arrived(&mut self) -> Result<bool, Trouble> {
        if let Some(transfer) = self.client.lock().transfers.get(self.number) {
            transfer.id = transfer.id.or(self.upload.earlier_id);
            transfer.progress.total = self.source.size;
        }
        worker::list(self.client, self.number)?;
        Ok(self.client.lock().transfers.get(self.number).is_some_and(|transfer| transfer.is_whole))
    }

    /// Offers the file: the server's number for it, a token, and how much of it need not be sent.
    fn offer(&mut self) -> Result<(u64, String, u64), Trouble> {
        let Source { name, size, .. } = &self.source;
        let (reference, size) = (format!("u{}", self.number), size.to_string());
        let answer = worker::ask(self.client, self.number, &["OFFER", &reference, &self.upload.target, &size, name])?;
        let Answer::Put { id, token, offset, crc } = answer else {
            let why = if let Answer::Refused(why) = answer { why } else { "the server is confused".to_owned() };
            return Err(Trouble::Final(format!("{name} was not sent to {}: {why}", self.upload.target)));
        };
        if self.upload.earlier_id != Some(id) {
            self.upload.earlier_id = Some(id);
            // Without it the upload is only not resumed should the client be ended now.
            let _ = self.client.lock().transfers.kept.keep(self.upload);
        }
        let is_ours = offset <= self.source.size && self.source.sum_up(offset)?.value() == crc;
        Ok((id, token, if is_ours { offset } else { 0 }))
    }

    /// A write has failed: the server may have said why it stopped reading.
    fn reason(stream: &TcpStream, trouble: Trouble) -> Trouble {
        if matches!(trouble, Trouble::Lost(_)) {
            let _ = stream.set_read_timeout(Some(REASON));
            if let Err(Trouble::Denied(why)) = worker::verdict(&mut BufReader::new(stream)) {
                return Trouble::Denied(why);
            }
        }
        trouble
    }

    /// Sends the request, the rest of the file and its sum.
    fn send_bytes(&mut self, mut stream: &TcpStream, id: u64, token: &str, offset: u64) -> Result<(), Trouble> {
        let lost = |error: io::Error| worker::lost(&error);
        self.source.sum_up(offset)?;
        stream.write_all(format!("PUT {id} {token} {offset}\r\n").as_bytes()).map_err(lost)?;
        let mut buffer = vec![0; limits::COPY_BUFFER];
        loop {
            let count = self.source.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            stream.write_all(&buffer[..count]).map_err(lost)?;
            worker::advance(self.client, self.number, count)?;
        }
        self.source.check_size()?;
        stream.write_all(format!("{:08x}\r\n", self.source.known.1.value()).as_bytes()).map_err(lost)
    }
}

impl Source {
    /// The sum of the first `length` bytes; what is read next comes after them.
    fn sum_up(&mut self, length: u64) -> Result<Crc32, Trouble> {
        if self.known.0 > length {
            self.known = (0, Crc32::default());
        }
        self.file.seek(SeekFrom::Start(self.known.0)).map_err(|error| self.unreadable(&error))?;
        let mut buffer = vec![0; limits::COPY_BUFFER];
        while self.known.0 < length {
            let most = usize::try_from(length - self.known.0).map_or(buffer.len(), |left| left.min(buffer.len()));
            if self.read(&mut buffer[..most])? == 0 {
                break;
            }
        }
        Ok(self.known.1)
    }

    /// The next bytes, which are summed up; 0 at the end, which is where it was when the file was offered.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Trouble> {
        let left = self.size - self.known.0;
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = loop {
            match self.file.read(&mut buffer[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read.map_err(|error| self.unreadable(&error))?,
            }
        };
        if count == 0 && left > 0 {
            return Err(self.changed("shorter"));
        }
        self.known.0 += count as u64;
        self.known.1.update(&buffer[..count]);
        Ok(count)
    }

    fn check_size(&self) -> Result<(), Trouble> {
        let length = self.file.metadata().map_err(|error| self.unreadable(&error))?.len();
        match length.cmp(&self.size) {
            std::cmp::Ordering::Less => Err(self.changed("shorter")),
            std::cmp::Ordering::Greater => Err(self.changed("longer")),
            std::cmp::Ordering::Equal => Ok(()),
        }
    }

    fn changed(&self, how: &str) -> Trouble {
        let name = &self.name;
        Trouble::Final(format!("{name} became {how} while it was being sent, and is taken back; send it again"))
    }

    fn unreadable(&self, error: &io::Error) -> Trouble {
        Trouble::Final(format!("{} cannot be read any more: {error}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::crc32::crc32;

    fn source(test: &str, bytes: &[u8]) -> (std::path::PathBuf, Source) {
        let path = std::env::temp_dir().join(format!("groupchat-{test}-{}", std::process::id()));
        fs::write(&path, bytes).unwrap();
        let (file, size) = open(&path).unwrap();
        (path, Source { file, name: "a.bin".into(), size, known: (0, Crc32::default()) })
    }

    #[test]
    fn sums_of_beginnings_and_what_follows_them() {
        let (path, mut source) = source("sums", b"123456789");
        assert_eq!(source.sum_up(4).ok().unwrap().value(), crc32(b"1234"));
        let mut buffer = [0; 100];
        assert_eq!(source.read(&mut buffer).ok(), Some(5));
        assert_eq!((&buffer[..5], source.known.1.value()), (&b"56789"[..], 0xcbf4_3926));
        assert_eq!(source.sum_up(2).ok().unwrap().value(), crc32(b"12"));
        assert!(source.check_size().is_ok());
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn a_file_that_changes_its_size_is_noticed() {
        let says = |trouble| matches!(trouble, Err(Trouble::Final(why)) if why.contains("became shorter"));
        let (path, mut source) = source("changes", b"123456789");
        fs::write(&path, b"12").unwrap();
        let mut buffer = [0; 100];
        assert_eq!(source.read(&mut buffer).ok(), Some(2));
        assert!(says(source.read(&mut buffer).map(drop)) && says(source.check_size()));
        fs::write(&path, b"1234567890").unwrap();
        assert!(matches!(source.check_size(), Err(Trouble::Final(why)) if why.contains("became longer")));
        fs::remove_file(path).unwrap();
    }

    #[test]
    fn what_is_no_file_is_one_sentence() {
        let folder = std::env::temp_dir();
        assert!(open(&folder).unwrap_err().starts_with("it is a folder"));
        assert_eq!(open(&folder.join("no-such-file-of-groupchat")).unwrap_err(), "there is no such file");
        assert_eq!(open(Path::new("/dev/null")).unwrap_err(), "it is no ordinary file");
    }
}
