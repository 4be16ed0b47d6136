//! One upload: offers a file, sends its bytes over a data connection, and goes on after a break.
//!
//! Run by the transfer's own thread; the state is locked for a moment at a time.

use super::event::FileEvent;
use super::pending_uploads::Upload;
use super::source::Source;
use super::task::{self, Task};
use super::transfers::{self, Answer, Cancel, TransferError};
use std::io::{self, BufReader, Write};
use std::path::Path;
use std::time::Duration;
use wire::file_line::FileRequest;
use wire::stream::Stream;
use wire::{files, limits};

/// The server writes up to [`limits::MAX_FILE`] bytes to its disk before it says that it has them.
const VERDICT: Duration = Duration::from_mins(5);
/// Bytes that may lie in the buffers of the two systems, sent but not seen by the server.
const SHORT: u64 = 8 * 1024 * 1024;
/// How often a short file is sent again although the server has refused it.
const REFUSALS: usize = 2;
/// After a write has failed, the server's reason is there already, or it does not come.
const REASON: Duration = Duration::from_secs(1);

/// Sends a file.
pub fn run(task: Task<'_>, upload: &Upload) -> Result<FileEvent, TransferError> {
    let mut upload = upload.clone();
    let result = send(task, &mut upload);
    // After many attempts in vain the next run of the client may have more luck.
    if !matches!(result, Err(TransferError::Lost(_))) {
        // If it cannot be taken off the file now, it is offered again in the next run, and refused or sent.
        let _ = task.files.lock().pending_uploads.forget(&upload);
    }
    let id = task.with(|transfer| transfer.id).flatten();
    let is_off = matches!(result, Err(TransferError::Cancelled(Cancel::ByUser) | TransferError::LocalFile(_)));
    if let Some(id) = id
        && is_off
    {
        task.send(&FileRequest::Cancel(id));
    }
    result
}

fn send(task: Task<'_>, upload: &mut Upload) -> Result<FileEvent, TransferError> {
    let name = name_of(&upload.path);
    let source = Source::open(&upload.path, &name)
        .map_err(|why| TransferError::Permanent(format!("{name} cannot be sent: {why}")))?;
    let mut sending = Sending { task, upload, source, all_sent: false, refusals: 0 };
    // The server may have got all of it just before the client was ended.
    sending.all_sent = sending.upload.earlier_id.is_some();
    task.until_done(|| sending.attempt())
}

/// The name under which a file is offered.
pub fn name_of(path: &Path) -> String {
    files::safe_name(&path.file_name().unwrap_or_default().to_string_lossy())
}

/// One upload under way.
struct Sending<'a> {
    task: Task<'a>,
    upload: &'a mut Upload,
    source: Source,
    /// Everything was sent once, and the server's answer may have been lost.
    all_sent: bool,
    /// How often the server has refused it when it was sent.
    refusals: usize,
}

impl Sending<'_> {
    fn attempt(&mut self) -> Result<FileEvent, TransferError> {
        if self.all_sent && self.has_arrived()? {
            let (name, target) = (self.source.name.clone(), self.upload.target.clone());
            return Ok(FileEvent::AlreadySent { name, target });
        }
        self.all_sent = false;
        self.source.check_unchanged()?;
        let (id, token, offset) = self.offer()?;
        let stream = self.task.connect()?;
        self.task.begin(offset, self.source.size);
        if let Err(error) = self.send_bytes(&stream, id, &token, offset) {
            return Err(Self::reason(&stream, error));
        }
        self.all_sent = true;
        let _ = stream.socket().set_read_timeout(Some(VERDICT));
        if let Err(error) = task::verdict(&mut BufReader::new(&*stream)) {
            return Err(self.refused(error));
        }
        let how = self.task.with(|transfer| transfer.progress.summary()).unwrap_or_default();
        let (name, target, crc) = (self.source.name.clone(), self.upload.target.clone(), self.source.sum().value());
        Ok(FileEvent::Sent { name, size: self.source.size, crc, target, how })
    }

    /// The server's last word was not OK. Only when it was lost, the file may have arrived.
    fn refused(&mut self, error: TransferError) -> TransferError {
        let TransferError::Refused(why) = error else { return error };
        self.all_sent = false;
        // The server has looked at the whole file, so sending it again would change nothing. But a short one is sent
        // before the server can say that it dislikes the token, or is full.
        self.refusals += 1;
        if self.source.size > SHORT || self.refusals > REFUSALS {
            return TransferError::Permanent(format!("{} was not sent: {why}", self.source.name));
        }
        TransferError::Refused(why)
    }

    /// Whether the server's list has the file as sent.
    fn has_arrived(&mut self) -> Result<bool, TransferError> {
        self.task.with(|transfer| {
            transfer.id = transfer.id.or(self.upload.earlier_id);
            transfer.progress.total = self.source.size;
        });
        self.task.list()?;
        Ok(self.task.with(|transfer| transfer.is_whole) == Some(true))
    }

    /// Offers the file: the server's number for it, a token, and how much of it need not be sent.
    fn offer(&mut self) -> Result<(u64, String, u64), TransferError> {
        let Source { name, size, .. } = &self.source;
        let (reference, target) = (&transfers::reference(self.task.number), &self.upload.target);
        let answer = self.task.ask(&FileRequest::Offer { reference, target, size: *size, name })?;
        let (id, token, offset, crc) = match answer {
            Answer::Put { id, token, offset, crc } => (id, token, offset, crc),
            Answer::Refused { code, why } if code == "NO_SUCH_FILE" => {
                // An earlier attempt has just come to its end; the list tells how.
                self.all_sent = true;
                return Err(TransferError::Lost(why));
            }
            Answer::Refused { why, .. } => {
                return Err(TransferError::Permanent(format!("{name} was not sent to {}: {why}", self.upload.target)));
            }
            Answer::Get { .. } => return Err(TransferError::Lost("the server is confused".to_owned())),
        };
        if self.upload.earlier_id != Some(id) {
            self.upload.earlier_id = Some(id);
            // Without it the upload is only not resumed should the client be ended now.
            let _ = self.task.files.lock().pending_uploads.keep(self.upload);
        }
        let is_ours = offset <= self.source.size && self.source.sum_up(offset)?.value() == crc;
        Ok((id, token, if is_ours { offset } else { 0 }))
    }

    /// A write has failed: the server may have said why it stopped reading.
    fn reason(stream: &Stream, error: TransferError) -> TransferError {
        if matches!(error, TransferError::Lost(_)) {
            let _ = stream.socket().set_read_timeout(Some(REASON));
            if let Err(TransferError::Refused(why)) = task::verdict(&mut BufReader::new(stream)) {
                return TransferError::Refused(why);
            }
        }
        error
    }

    /// Sends the request, the rest of the file and its sum.
    fn send_bytes(&mut self, mut stream: &Stream, id: u64, token: &str, offset: u64) -> Result<(), TransferError> {
        let lost = |error: io::Error| task::lost(&error);
        self.source.sum_up(offset)?;
        stream.write_all(format!("PUT {id} {token} {offset}\r\n").as_bytes()).map_err(lost)?;
        let mut buffer = vec![0; limits::COPY_BUFFER];
        loop {
            let count = self.source.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            stream.write_all(&buffer[..count]).map_err(lost)?;
            self.task.advance(count)?;
        }
        self.source.check_unchanged()?;
        stream.write_all(format!("{:08x}\r\n", self.source.sum().value()).as_bytes()).map_err(lost)
    }
}
