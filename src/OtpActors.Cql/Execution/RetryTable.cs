using OtpActors.Cql.Connections;
using OtpActors.Cql.Protocol.Responses;

namespace OtpActors.Cql;

/// <summary>What follows a failed attempt.</summary>
internal enum Retry
{
    /// <summary>Nothing: the caller gets the failure.</summary>
    None,

    SameHost,

    NextHost,
}

/// <summary>The kinds of failure that have their own one retry.</summary>
[Flags]
internal enum RetryKind
{
    None = 0,
    Uncertain = 1,
    ServerSide = 2,
    Unavailable = 4,
    Read = 8,
    Write = 16,
}

/// <summary>
/// When an attempt is repeated. "Idempotent" is what is marked so and is not conditional. Each kind is granted once an
/// operation; what certainly had no effect goes on to the next host as long as there is one.
/// </summary>
internal static class RetryTable
{
    public static (Retry Retry, RetryKind Kind) Of(RequestFailure failure, bool isIdempotent) => failure switch
    {
        RequestFailure.NotWritten or RequestFailure.TimedOutUnwritten => (Retry.NextHost, RetryKind.None),
        _ when isIdempotent => (Retry.NextHost, RetryKind.Uncertain),
        _ => (Retry.None, RetryKind.None),
    };

    public static (Retry Retry, RetryKind Kind) Of(ErrorMessage error, bool isIdempotent)
    {
        switch (error.Code)
        {
            case ErrorCode.IsBootstrapping:
                return (Retry.NextHost, RetryKind.None);
            case ErrorCode.Unavailable:
                return (Retry.NextHost, RetryKind.Unavailable);
            case ErrorCode.ServerError or ErrorCode.Overloaded or ErrorCode.TruncateError when isIdempotent:
                return (Retry.NextHost, RetryKind.ServerSide);

            // Enough replicas answered and only the one with the data did not: it is asked again.
            case ErrorCode.ReadTimeout when error.Received >= error.Required && !error.DataPresent:
                return (Retry.SameHost, RetryKind.Read);
            case ErrorCode.WriteTimeout when isIdempotent && error.WriteType == "BATCH_LOG":
                return (Retry.SameHost, RetryKind.Write);
            case ErrorCode.WriteTimeout when isIdempotent && error.WriteType == "UNLOGGED_BATCH":
                return (Retry.NextHost, RetryKind.Write);
            default:
                return (Retry.None, RetryKind.None);
        }
    }
}
