export type QueueErrorCode =
  /** A record larger than the queue's `maxRecord`: no wait would ever make room for it. */
  | 'ERR_QUEUE_RECORD_TOO_LARGE'
  /** An option out of its range. */
  | 'ERR_QUEUE_OPTION'
  /** Shared memory that holds no queue, or one of another layout. */
  | 'ERR_QUEUE_MEMORY'
  /** The other end sleeps where only its `wake` function reaches it, and none was given. */
  | 'ERR_QUEUE_NO_WAKE';

/** Wrong use of a queue. A full queue is no error: see `tryWrite` and `claim`. */
export class QueueError extends Error {
  readonly code: QueueErrorCode;

  constructor(code: QueueErrorCode, message: string) {
    super(message);
    this.name = 'QueueError';
    this.code = code;
  }
}
