//! A request that failed for a reason that may pass is made again, a few times.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::batch::backoff;

pub const TRIES: u32 = 4;

/// A request without an answer that could be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The service's; `None` where there was no answer.
    pub code: Option<String>,
    may_pass: bool,
}

impl Refusal {
    /// The answer broke off.
    #[must_use]
    pub fn broken_off() -> Self {
        Self {
            code: None,
            may_pass: true,
        }
    }
}

impl<E: ProvideErrorMetadata> From<SdkError<E>> for Refusal {
    /// There may be a better answer where there was none, or where the service itself failed.
    fn from(error: SdkError<E>) -> Self {
        let may_pass = match &error {
            SdkError::ServiceError(refused) => refused.raw().status().is_server_error(),
            SdkError::ConstructionFailure(_) => false,
            _ => true,
        };
        Self {
            code: error.code().map(str::to_owned),
            may_pass,
        }
    }
}

/// What a request answers, tried four times at most.
///
/// Each try is one that the SDK has given up on. It never sees an object's body break off, since
/// that is read after its work is done.
///
/// # Errors
/// The last try's.
pub async fn persist<T, F>(request: impl Fn() -> F) -> Result<T, Refusal>
where
    // Not AsyncFn: of its future the compiler could not say that another thread may run it.
    F: Future<Output = Result<T, Refusal>>,
{
    for tries in 1..TRIES {
        match request().await {
            Err(refusal) if refusal.may_pass => {}
            answer => return answer,
        }
        tokio::time::sleep(backoff(tries, fastrand::f64())).await;
    }
    request().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use aws_sdk_s3::config::http::HttpResponse;
    use aws_sdk_s3::error::ErrorMetadata;
    use aws_sdk_s3::operation::get_object::GetObjectError;
    use aws_sdk_s3::primitives::SdkBody;
    use tokio::time::Instant;

    use super::*;

    fn refused(status: u16, code: &str) -> Refusal {
        let meta = ErrorMetadata::builder().code(code).build();
        let raw = HttpResponse::new(status.try_into().unwrap(), SdkBody::empty());
        SdkError::service_error(GetObjectError::generic(meta), raw).into()
    }

    /// Fails so often, then answers; how often it was asked, and what came of it.
    async fn ask(failures: u32, refusal: Refusal) -> (u32, Result<&'static str, Refusal>) {
        let asked = Cell::new(0);
        let answer = persist(async || {
            asked.set(asked.get() + 1);
            if asked.get() <= failures {
                Err(refusal.clone())
            } else {
                Ok("answer")
            }
        })
        .await;
        (asked.get(), answer)
    }

    #[tokio::test(start_paused = true)]
    async fn what_may_pass_is_tried_again() {
        for refusal in [
            Refusal::broken_off(),
            refused(503, "SlowDown"),
            refused(500, "InternalError"),
            SdkError::<GetObjectError>::timeout_error("late").into(),
        ] {
            assert_eq!(ask(3, refusal).await, (4, Ok("answer")));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_fourth_failure_is_the_answer() {
        let started = Instant::now();
        let broken = refused(500, "InternalError");
        assert_eq!(ask(99, broken.clone()).await, (4, Err(broken)));
        assert!(started.elapsed() <= Duration::from_millis(50 + 100 + 200));
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_pass_is_not_tried_again() {
        for refusal in [
            refused(404, "NoSuchKey"),
            refused(400, "ThrottlingException"),
            SdkError::<GetObjectError>::construction_failure("nonsense").into(),
        ] {
            assert_eq!(ask(9, refusal.clone()).await, (1, Err(refusal)));
        }
    }
}
