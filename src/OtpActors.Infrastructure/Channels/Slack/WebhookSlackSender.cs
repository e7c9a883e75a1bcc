using System.Net;
using System.Net.Http.Headers;
using System.Threading.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Infrastructure.Channels.Mail;
using Polly.Timeout;

namespace OtpActors.Infrastructure.Channels.Slack;

/// <summary>
/// Posts to an incoming webhook, one post at a time and no faster than Slack allows. Where more are waiting than
/// <see cref="SlackOptions.DigestAbove"/>, they go out together as one message, and enter the ledger together: what waits is
/// no intent yet, so a process that ends leaves no more in doubt than one post. Can be called from any thread.
/// </summary>
/// <remarks>
/// A 429 with its <c>Retry-After</c> is waited for by the client's resilience handler. What Slack certainly did not take (no
/// connection, 503) is a failure of the channel that can pass, and so is a post that comes right after one whose end is in
/// doubt: nothing is posted then until a pause, which grows, is over and the webhook's server answers at all. So an outage
/// leaves few messages in doubt, mostly one. The webhook's address is in no message, log or trace.
/// </remarks>
public sealed class WebhookSlackSender : ISlackSender, IAsyncDisposable
{
    /// <summary>What is asked for together arrives within this time, and so can become one message.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromMilliseconds(100);

    /// <summary>What is on its way when its sender is told to stop is given this long.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    private readonly IHttpClientFactory _clients;
    private readonly NotificationLedger _ledger;
    private readonly SlackOptions _options;
    private readonly TimeProvider _time;
    private readonly Channel<Post> _posts = Channel.CreateUnbounded<Post>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _posting;

    /// <summary>Posts in doubt since the last one that was answered, and the last of them.</summary>
    private (int Count, long At, string Detail) _doubts;

    public WebhookSlackSender(
        IHttpClientFactory clients, NotificationLedger ledger, SlackOptions options, TimeProvider time, ILogger<WebhookSlackSender> log)
    {
        (_clients, _ledger, _options, _time) = (clients, ledger, options, time);
        if (options.RevealOtp)
        {
            log.LogWarning("One-time passwords are posted to Slack in clear: whoever reads {Channel} sees them. Slack:RevealOtp=false masks them", options.Channel);
        }

        _posting = Task.Run(PostAllAsync);
    }

    public async Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken)
    {
        var post = new Post(message, cancellationToken);
        ObjectDisposedException.ThrowIf(!_posts.Writer.TryWrite(post), this);
        await using var waiting = cancellationToken.Register(post.GiveUp);
        return await post.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _posts.Writer.TryComplete();
        await _ending.CancelAsync();
        await _posting;
        _ending.Dispose();
    }

    private async Task PostAllAsync()
    {
        var waiting = new List<Post>();
        long? last = null;
        while (await _posts.Reader.WaitToReadAsync())
        {
            do
            {
                await RestAsync(last);
                while (_posts.Reader.TryRead(out var post))
                {
                    waiting.Add(post);
                }

                waiting.RemoveAll(post => post.Stop.IsCancellationRequested); // given up
                if (waiting.Count > 0)
                {
                    await PostAsync(waiting);
                    last = _time.GetTimestamp();
                }
            }
            while (waiting.Count > 0);
        }
    }

    /// <summary>Waits until the next post may go, at least for those that come together.</summary>
    private async Task RestAsync(long? last)
    {
        var rest = last is { } since ? _options.Interval - _time.GetElapsedTime(since) : TimeSpan.Zero;
        await Task.Delay(rest > Gathering ? rest : Gathering, _time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Posts the first of what waits, or all of it together, and takes it off the list.</summary>
    private async Task PostAsync(List<Post> waiting)
    {
        var candidates = waiting.Count > _options.DigestAbove ? waiting.Count : 1;
        var taken = waiting[..candidates].FindAll(post => post.Take());
        waiting.RemoveRange(0, candidates);
        if (taken.Count == 0)
        {
            return;
        }

        var (payload, count) = taken.Count > 1
            ? SlackDigest.From([.. taken.Select(post => post.Message)], _options)
            : (SlackPayload.For(taken[0].Message, _options), 1);
        waiting.InsertRange(0, taken[count..]);
        taken[count..].ForEach(post => post.PutBack());
        await EnterAndPostAsync(taken[..count], payload);
    }

    /// <summary>All of it is entered together before and after the post. What the ledger knows already is answered by it.</summary>
    private async Task EnterAndPostAsync(List<Post> posts, SlackPayload payload)
    {
        try
        {
            var known = await Task.WhenAll(posts.Select(post =>
                _ledger.BeginAsync(Notification.From(post.Message), ArrivalLimit.For(_options.OnUncertain))));
            var fresh = posts.Where((_, i) => known[i] is null).ToList();
            foreach (var (post, answer) in posts.Zip(known))
            {
                if (answer is { } result)
                {
                    post.SetResult(result);
                }
            }

            if (fresh.Count == 0)
            {
                return;
            }

            if (fresh.Count < posts.Count)
            {
                payload = fresh.Count > 1
                    ? SlackDigest.From([.. fresh.Select(post => post.Message)], _options).Payload
                    : SlackPayload.For(fresh[0].Message, _options);
            }

            await PostAndEnterAsync(fresh, payload);
        }
        catch (OperationCanceledException)
        {
            posts.ForEach(post => post.TrySetCanceled());
        }
        catch (Exception e)
        {
            posts.ForEach(post => post.TrySetException(e));
        }
    }

    private async Task PostAndEnterAsync(List<Post> posts, SlackPayload payload)
    {
        SendResult result;
        try
        {
            await ThrowIfOutAsync();
            result = await PostAsync(payload, posts);
            _doubts = result.Outcome == SendOutcome.Uncertain
                ? (_doubts.Count + 1, _time.GetTimestamp(), result.Detail)
                : default;
        }
        catch (Exception e)
        {
            await EnterAsync(NotificationLedger.ResultOf(e));
            throw;
        }

        await EnterAsync(result);
        posts.ForEach(post => post.SetResult(result));

        Task EnterAsync(SendResult end) => Task.WhenAll(posts.Select(post => _ledger.EndAsync(post.Message.Id, end)));
    }

    /// <summary>The client posts once: whether Slack is back is asked by a question that posts nothing.</summary>
    /// <exception cref="NotificationException">Slack is out.</exception>
    private async Task ThrowIfOutAsync()
    {
        if (_doubts.Count == 0)
        {
            return;
        }

        var pause = _options.Interval * Math.Pow(2, Math.Min(_doubts.Count, 16));
        if (_time.GetElapsedTime(_doubts.At) < (pause < LongestPause ? pause : LongestPause) || !await IsThereAsync())
        {
            throw new NotificationException($"Slack is unavailable, nothing is posted for now: {_doubts.Detail}", canPass: true);
        }
    }

    /// <summary>Whether anybody answers behind gateways; with what does not matter.</summary>
    private async Task<bool> IsThereAsync()
    {
        using var bound = new CancellationTokenSource(_options.Timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(bound.Token, _ending.Token);
        using var request = new HttpRequestMessage(HttpMethod.Head, _options.WebhookUrl!.Reveal());
        try
        {
            using var client = _clients.CreateClient(WebhookClient.Name);
            using var response = await client.SendAsync(request, either.Token);
            return response.StatusCode
                is not (HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or OperationCanceledException or IOException)
        {
            return false;
        }
    }

    private async Task<SendResult> PostAsync(SlackPayload payload, List<Post> posts)
    {
        using var abort = new CancellationTokenSource();
        var stops = posts.Select(post => post.Stop).Distinct().ToList();
        var going = stops.Count; // given up once nobody is left who waits for it
        var registrations = stops.ConvertAll(stop => stop.Register(() => AbortIf(Interlocked.Decrement(ref going) == 0)));
        registrations.Add(_ending.Token.Register(() => AbortIf(true)));
        using var request = new HttpRequestMessage(HttpMethod.Post, _options.WebhookUrl!.Reveal())
        {
            Content = new ByteArrayContent(payload.ToJson()) { Headers = { ContentType = new MediaTypeHeaderValue("application/json", "utf-8") } },
        };
        try
        {
            using var client = _clients.CreateClient(WebhookClient.Name);
            using var response = await client.SendAsync(request, abort.Token);
            var body = SmtpReply.Clean(await response.Content.ReadAsStringAsync(abort.Token));
            return Classify(response.StatusCode, $"{(int)response.StatusCode} {body}".TrimEnd());
        }
        catch (HttpRequestException e) when (WebhookClient.IsUnsent(e))
        {
            throw new NotificationException($"Slack cannot be reached: {SmtpReply.Clean(e.Message)}", canPass: true);
        }
        catch (OperationCanceledException) when (!WebhookClient.IsOnItsWay(request))
        {
            throw; // between two tries: Slack has nothing of it
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or OperationCanceledException or IOException)
        {
            return new SendResult(SendOutcome.Uncertain, e is HttpRequestException or IOException
                ? "the connection was lost before Slack answered"
                : "Slack did not answer in time");
        }
        finally
        {
            registrations.ForEach(registration => registration.Dispose()); // waits for one that runs: abort outlives them
        }

        void AbortIf(bool last)
        {
            if (last)
            {
                abort.CancelAfter(Grace);
            }
        }
    }

    /// <summary>https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "Handling errors".</summary>
    private static SendResult Classify(HttpStatusCode code, string reply) => (int)code switch
    {
        >= 200 and < 300 => new SendResult(SendOutcome.Accepted, reply),
        400 or 413 => new SendResult(SendOutcome.Refused, reply),
        429 or 503 => throw new NotificationException($"Slack takes nothing now: {reply}", canPass: true),
        >= 500 => new SendResult(SendOutcome.Uncertain, reply),
        _ => throw new NotificationException($"Slack refuses the webhook: {reply}"),
    };

    /// <summary>One message in the queue: taken to be posted or given up by its caller, never both.</summary>
    private sealed class Post(SlackMessage message, CancellationToken stop)
        : TaskCompletionSource<SendResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        private int _state;

        public SlackMessage Message => message;

        public CancellationToken Stop => stop;

        public bool Take() => Interlocked.Exchange(ref _state, 1) == 0;

        /// <summary>It did not go out this time, and may be given up again.</summary>
        public void PutBack()
        {
            Volatile.Write(ref _state, 0);
            if (stop.IsCancellationRequested)
            {
                GiveUp();
            }
        }

        public void GiveUp()
        {
            if (Take())
            {
                SetCanceled(stop);
            }
        }
    }
}
