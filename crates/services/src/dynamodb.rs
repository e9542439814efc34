//! `DynamoDB`: dynoxide, in memory.
//!
//! Dynoxide keeps its router to itself and offers a plain TCP server only, so it serves a port
//! that nobody is told of, on the same thread, and requests are passed on to it.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, Uri},
    response::{IntoResponse, Response},
};
use dynoxide::Database;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::net::{TcpListener, TcpSocket};

pub const ENGINE: &str = concat!("dynoxide-rs ", env!("DYNAMODB_ENGINE_VERSION"));

/// The size at which dynoxide itself refuses a request (16 MB, as `DynamoDB` does for a batch).
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
pub const MAX_BODY: usize = 16 * 1024 * 1024;
const BACKLOG: u32 = 1_024;

#[derive(Clone)]
struct Engine {
    client: Client<HttpConnector, Full<axum::body::Bytes>>,
    address: SocketAddr,
}

/// Starts an empty engine on the current runtime.
pub fn engine() -> io::Result<Router> {
    let listener = listen()?;
    let address = listener.local_addr()?;
    let database = Database::memory().map_err(io::Error::other)?;
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    let client = Client::builder(TokioExecutor::new()).build(connector);
    Ok(Router::new()
        .fallback(pass_on)
        .with_state(Engine { client, address }))
}

/// Accepted connections inherit the listener's options, and dynoxide sets none itself.
fn listen() -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_nodelay(true)?;
    socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))?;
    socket.listen(BACKLOG)
}

/// Request and answer are passed on whole: an answer is ready only when all of it is.
async fn pass_on(State(engine): State<Engine>, request: Request) -> Response {
    let (mut parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Err(_) => return StatusCode::BAD_REQUEST.into_response(),
    };
    parts.uri = inside(&parts.uri, engine.address);
    match engine
        .answer(hyper::Request::from_parts(parts, Full::new(body)))
        .await
    {
        Ok(response) => response,
        Err(error) => {
            eprintln!("dynamodb: the engine gave no answer: {error}");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

impl Engine {
    async fn answer(
        &self,
        request: hyper::Request<Full<axum::body::Bytes>>,
    ) -> Result<Response, Box<dyn std::error::Error>> {
        let (parts, body) = self.client.request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        Ok(Response::from_parts(parts, Body::from(body)))
    }
}

fn inside(uri: &Uri, address: SocketAddr) -> Uri {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    Uri::builder()
        .scheme("http")
        .authority(address.to_string())
        .path_and_query(path)
        .build()
        .expect("its parts come from a URI and an address")
}
