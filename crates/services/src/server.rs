//! One service on a thread and a runtime of its own: HTTP/1.1 over TLS, or plain if the client wants.

use std::{
    convert::Infallible,
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    thread,
    time::Duration,
};

use axum::{Router, response::Response};
use hyper::{
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    runtime,
    sync::oneshot,
};
use tokio_rustls::TlsAcceptor;

use crate::{connection::Connection, guard::Scheme, start_error::StartError};

/// The pause before the next attempt to accept when the process is out of descriptors.
const RETRY_AFTER: Duration = Duration::from_millis(20);
/// The first byte of a TLS client (RFC 8446, 5.1). `DynamoDB` answers plain HTTP too, at another port.
const HANDSHAKE: [u8; 1] = [22];

/// Binds a port that is not served yet. `flag` is the option by which a user can change it.
pub fn bind(host: IpAddr, port: u16, flag: &str) -> Result<TcpListener, StartError> {
    let address = SocketAddr::from((host, port));
    let bound = TcpListener::bind(address).and_then(|listener| {
        listener.set_nonblocking(true)?;
        Ok(listener)
    });
    bound.map_err(|error| {
        if error.kind() == io::ErrorKind::AddrNotAvailable {
            let cause = format!("{host} is not an address of this machine");
            return StartError::host(cause, "--host", "Give an address that `ip address` lists");
        }
        let cause = match error.kind() {
            io::ErrorKind::AddrInUse => format!("port {port} is already in use"),
            _ => format!("cannot listen on {address}: {error}"),
        };
        StartError::host(cause, flag, "Choose another port, or 0 for a free port")
    })
}

/// The URL of a bound port for a client on this machine.
pub fn url(scheme: &str, listener: &TcpListener) -> Result<String, StartError> {
    let mut address = listener
        .local_addr()
        .map_err(|error| StartError::exhausted("a listener", &error))?;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    Ok(format!("{scheme}://{address}"))
}

/// Serves the router that `app` makes, on a thread of its own. The receiver ends if the thread does.
pub fn serve(
    name: &'static str,
    listener: TcpListener,
    tls: TlsAcceptor,
    app: impl FnOnce() -> io::Result<Router> + Send + 'static,
) -> io::Result<oneshot::Receiver<()>> {
    let (alive, ended) = oneshot::channel::<()>();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || {
            let _alive = alive;
            let served: io::Result<()> = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                accept(listener, tls, app()?).await
            });
            if let Err(error) = served {
                eprintln!("{name}: {error}");
            }
        })?;
    Ok(ended)
}

async fn accept(
    listener: tokio::net::TcpListener,
    tls: TlsAcceptor,
    app: Router,
) -> io::Result<()> {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(serve_connection(stream, tls.clone(), app.clone()));
            }
            // The client has gone already, or there is no free descriptor: both are temporary.
            Err(_) => tokio::time::sleep(RETRY_AFTER).await,
        }
    }
}

/// In an answer's extensions: end the connection instead of sending the answer.
#[derive(Debug, Clone)]
pub struct HangUp;

impl fmt::Display for HangUp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("the connection is to end")
    }
}

impl std::error::Error for HangUp {}

fn hang_up_or(answer: Result<Response, Infallible>) -> Result<Response, HangUp> {
    let Ok(response) = answer;
    match response.extensions().get() {
        Some(hang_up) => Err(HangUp::clone(hang_up)),
        None => Ok(response),
    }
}

/// Serves one connection until the client closes it. Only the client sees its errors.
async fn serve_connection(stream: TcpStream, tls: TlsAcceptor, app: Router) {
    // Without this, the kernel may delay the end of an answer by up to 40 ms.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(1) if first == HANDSHAKE => {
            if let Ok(stream) = tls.accept(stream).await {
                answer(stream, Scheme("https"), app).await;
            }
        }
        Ok(1) => answer(stream, Scheme("http"), app).await,
        _ => {}
    }
}

async fn answer(stream: impl AsyncRead + AsyncWrite + Unpin, scheme: Scheme, app: Router) {
    let app = TowerToHyperService::new(app);
    let connection = Connection::default();
    let service = service_fn(|mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(connection.clone());
        request.extensions_mut().insert(scheme);
        let answer = app.call(request);
        async { hang_up_or(answer.await) }
    });
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
