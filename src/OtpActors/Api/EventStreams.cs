using System.Net;

namespace OtpActors.Api;

/// <summary>Streams of events last as long as runs: there are so many at a time, in all and for each caller (key, else address).</summary>
internal sealed class EventStreams(HttpOptions options)
{
    private readonly CallerLimits _limits = new(options.EventStreams, options.EventStreamsPerCaller);

    /// <summary>Counts the request's stream until its answer ends.</summary>
    /// <exception cref="ApiProblemException">There are too many.</exception>
    public void Take(HttpContext context)
    {
        var caller = context.User.Identity?.Name ?? (context.Connection.RemoteIpAddress ?? IPAddress.None).ToString();
        var verdict = _limits.Take(caller, out var place);
        if (place is not null)
        {
            context.Response.RegisterForDispose(place);
            return;
        }

        const string hint = "Close a stream, or ask GET /api/runs/{id} now and then.";
        throw verdict == CallerLimits.Verdict.TooManyOfCaller
            ? new ApiProblemException(429, "too_many_streams", "This caller follows more runs than are taken.", hint: hint) { RetryAfter = TimeSpan.FromSeconds(5) }
            : new ApiProblemException(503, "too_many_streams", "More runs are followed than are taken.", hint: hint) { RetryAfter = TimeSpan.FromSeconds(5) };
    }
}
