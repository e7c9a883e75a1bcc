using System.Net;

namespace OtpActors.Client;

/// <summary>Why a service did not do what it was asked for.</summary>
public enum ServiceFault
{
    /// <summary>None runs on the data directory.</summary>
    Absent,

    /// <summary>It cannot be reached.</summary>
    Unreachable,

    /// <summary>It did not answer in time.</summary>
    TimedOut,

    /// <summary>It answered with a problem (RFC 9457), which <see cref="ServiceException.Code"/> names.</summary>
    Refused,

    /// <summary>What answered is no service of this kind, or one of another version.</summary>
    NotUnderstood,
}

/// <summary>A service did not do what it was asked for. The message says why and what to do, and never holds a key.</summary>
public sealed class ServiceException(ServiceFault fault, string reason, string? remedy = null, Exception? inner = null)
    : Exception(remedy is null ? reason : $"{reason} {remedy}", inner)
{
    public ServiceFault Fault => fault;

    /// <summary>What is wrong, as a sentence: the service's own where it gave one.</summary>
    public string Reason => reason;

    /// <summary>What to do, as a sentence; null where nobody knows.</summary>
    public string? Remedy => remedy;

    /// <summary>The answer's status; null where no answer came.</summary>
    public HttpStatusCode? Status { get; init; }

    /// <summary>The problem's code, as <c>unknown_run</c>.</summary>
    public string? Code { get; init; }

    /// <summary>The problem's title.</summary>
    public string? Title { get; init; }

    /// <summary>The field, parameter or header at fault.</summary>
    public string? Field { get; init; }

    /// <summary>When the same may be asked again; null where the service does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Whether the request may have reached the service and been carried out, though no answer came.</summary>
    public bool MayBeDone { get; init; }

    /// <summary>Whether the request itself is at fault: asking again gives the same answer.</summary>
    public bool IsCallersFault => Status is >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError
        and not (HttpStatusCode.Conflict or HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout);
}
