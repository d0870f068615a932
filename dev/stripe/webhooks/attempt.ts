/** One try to tell an endpoint of an event. */
export interface DeliveryAttempt {
  readonly id: string;
  readonly eventId: string;
  readonly eventType: string;
  readonly endpointId: string;
  readonly url: string;
  /** 1 for the first; repetitions on demand count as first ones. */
  readonly attempt: number;
  /** The answer's status, or null where none came. */
  readonly status: number | null;
  readonly error: string | null;
  readonly delivered: boolean;
}
