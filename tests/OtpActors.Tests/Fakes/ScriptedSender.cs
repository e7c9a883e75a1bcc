using System.Collections.Concurrent;
using OtpActors.Domain.Records;
using OtpActors.Infrastructure.Channels;

namespace OtpActors.Tests.Fakes;

/// <summary>Both channels; remembers to whom it sent. Several may send at a time.</summary>
internal sealed class ScriptedSender : IMailSender, ISlackSender
{
    private int _begun = -1;

    public ConcurrentQueue<string> Sent { get; } = [];

    /// <summary>What tells the sends to stop; an attempt's are told alike.</summary>
    public CancellationToken Stop { get; private set; }

    /// <summary>Decides on the n-th send, from 0: accepted or refused, or throws.</summary>
    public Func<int, Task<bool>> Decide { get; set; } = _ => Task.FromResult(true);

    public Task<SendResult> SendAsync(OtpMail mail, CancellationToken cancellationToken) => SendAsync("mail", mail.To, cancellationToken);

    public Task<SendResult> SendAsync(SlackMessage message, CancellationToken cancellationToken) => SendAsync("slack", message.Email, cancellationToken);

    /// <summary>How a send ends that is not accepted.</summary>
    public SendOutcome Otherwise { get; set; } = SendOutcome.Refused;

    private async Task<SendResult> SendAsync(string channel, EmailAddress to, CancellationToken stop)
    {
        Stop = stop;
        var accepted = await Decide(Interlocked.Increment(ref _begun));
        Sent.Enqueue($"{channel} {to.Value}");
        return new SendResult(accepted ? SendOutcome.Accepted : Otherwise, "");
    }
}
