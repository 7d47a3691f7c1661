//! A bucket in memory behind the server side of S3 by other people (`s3s`), which reads
//! requests and checks their signatures by itself.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    DeleteObjectInput, DeleteObjectOutput, GetObjectInput, GetObjectOutput, PutObjectInput,
    PutObjectOutput, StreamingBlob,
};
use s3s::service::S3ServiceBuilder;
use s3s::{Body, S3, S3Request, S3Response, S3Result, s3_error};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub(crate) const BUCKET: &str = "pictures";
pub(crate) const ACCESS_KEY: &str = "AKIDEXAMPLE";
pub(crate) const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What stands under a key: the file, with its media type.
pub(crate) type Object = (Vec<u8>, Option<String>);

/// The objects of the bucket by their keys.
pub(crate) type Objects = Arc<Mutex<BTreeMap<String, Object>>>;

/// A bucket that is there until it is dropped.
pub(crate) struct BucketServer {
    pub(crate) endpoint: String,
    pub(crate) objects: Objects,
    task: JoinHandle<()>,
}

impl BucketServer {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let objects = Objects::default();
        let mut service = S3ServiceBuilder::new(Shelf(objects.clone()));
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = service.build();
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = service.clone();
                tokio::spawn(async move {
                    let server = Builder::new(TokioExecutor::new());
                    let socket = TokioIo::new(socket);
                    // A client that goes away is none of the bucket's business.
                    drop(server.serve_connection(socket, service).await);
                });
            }
        });
        Self {
            endpoint: format!("http://{address}"),
            objects,
            task,
        }
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let objects = self.objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.keys().cloned().collect()
    }
}

impl Drop for BucketServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Shelf(Objects);

impl Shelf {
    fn of(&self, bucket: &str) -> S3Result<std::sync::MutexGuard<'_, BTreeMap<String, Object>>> {
        if bucket != BUCKET {
            return Err(s3_error!(NoSuchBucket));
        }
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait::async_trait]
impl S3 for Shelf {
    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> S3Result<S3Response<PutObjectOutput>> {
        let input = request.input;
        drop(self.of(&input.bucket)?);
        let mut body = Body::from(input.body.ok_or_else(|| s3_error!(IncompleteBody))?);
        let file = body.store_all_limited(1 << 20).await;
        let file = file.map_err(|_| s3_error!(IncompleteBody))?;
        let object = (file.to_vec(), input.content_type);
        self.of(&input.bucket)?.insert(input.key, object);
        Ok(S3Response::new(PutObjectOutput::default()))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        let found = self.of(&input.bucket)?.get(&input.key).cloned();
        let (file, _) = found.ok_or_else(|| s3_error!(NoSuchKey))?;
        Ok(S3Response::new(GetObjectOutput {
            content_length: i64::try_from(file.len()).ok(),
            body: Some(StreamingBlob::from(Body::from(file))),
            ..GetObjectOutput::default()
        }))
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        self.of(&input.bucket)?.remove(&input.key);
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }
}
