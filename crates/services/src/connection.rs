//! The TCP connection of a request, as the layers see it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// In a request's extensions: one for each TCP connection, shared by all of its requests.
#[derive(Debug, Clone, Default)]
pub struct Connection {
    opened: Arc<AtomicBool>,
}

impl Connection {
    /// Opens the connection; true only for the first call.
    pub fn open(&self) -> bool {
        !self.opened.swap(true, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::Connection;

    #[test]
    fn a_connection_is_opened_once_by_whichever_of_its_requests() {
        let (connection, another) = (Connection::default(), Connection::default());
        let of_the_next_request = connection.clone();
        assert!(connection.open());
        assert!(!of_the_next_request.open());
        assert!(!connection.open());
        assert!(another.open());
    }
}
