using OtpActors.Infrastructure.Channels;
using OtpActors.Infrastructure.Channels.Ledger;
using OtpActors.Tests.Fakes;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Infrastructure.Channels.Mail;

/// <summary>What a server says, or fails to say, at each moment of a mail, and what the ledger holds then.</summary>
public sealed class ReplyMatrixSpecs : IAsyncDisposable
{
    private const string Jane = "jane@example.com";

    private readonly FakeSmtpServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>Each is tried three times where it may pass, and twice where nobody knows.</summary>
    public static TheoryData<string, string, NotificationState, int, int> Ends => new()
    {
        // moment, reply, state, tries, mails that the server has seen whole
        { nameof(SmtpMoment.Content), "250 2.0.0 queued as 42", NotificationState.Accepted, 1, 1 },
        { nameof(SmtpMoment.Mail), "450 4.7.1 later", NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Mail), "421 4.3.2 closing", NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Mail), FakeSmtpServer.Drop, NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Rcpt), "450 4.2.1 greylisted", NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Rcpt), "451 4.3.0 later", NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Rcpt), "421 4.3.2 closing", NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Rcpt), "550 5.1.1 no such user", NotificationState.Failed, 1, 0 },
        { nameof(SmtpMoment.Rcpt), "554 5.7.1 no", NotificationState.Failed, 1, 0 },
        { nameof(SmtpMoment.Rcpt), FakeSmtpServer.Drop, NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Rcpt), FakeSmtpServer.Silence, NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Data), "451 4.3.0 later", NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Data), "554 5.5.1 no", NotificationState.Failed, 1, 0 },
        { nameof(SmtpMoment.Data), FakeSmtpServer.Drop, NotificationState.Deferred, 3, 0 },
        { nameof(SmtpMoment.Content), "451 4.3.0 later", NotificationState.Deferred, 3, 3 },
        { nameof(SmtpMoment.Content), "421 4.3.2 closing", NotificationState.Deferred, 3, 3 },
        { nameof(SmtpMoment.Content), "550 5.7.1 refused", NotificationState.Failed, 1, 1 },
        { nameof(SmtpMoment.Content), "554 5.6.0 refused", NotificationState.Failed, 1, 1 },
        { nameof(SmtpMoment.Content), FakeSmtpServer.Drop, NotificationState.Uncertain, 2, 2 },
        { nameof(SmtpMoment.Content), FakeSmtpServer.Silence, NotificationState.Uncertain, 2, 2 },
    };

    [Theory, MemberData(nameof(Ends))]
    public async Task The_end_of_a_mail_is_what_the_ledger_says(string moment, string reply, NotificationState state, int tries, int seen)
    {
        _server.Script = (at, _) => at.ToString() == moment ? reply : null;
        await using var kit = new SmtpKit(SmtpKit.Plain(_server.Port) with { SendTimeout = TimeSpan.FromMilliseconds(300) });

        (await kit.SendAsync(Jane)).Outcome.ShouldBe(state switch
        {
            NotificationState.Accepted => SendOutcome.Accepted,
            NotificationState.Failed => SendOutcome.Refused,
            NotificationState.Deferred => SendOutcome.Deferred,
            _ => SendOutcome.Uncertain,
        });

        var entry = await kit.EntryAsync();
        (entry.State, entry.Tries, entry.Address).ShouldBe((state, tries, "j***@example.com"));
        if (char.IsAsciiDigit(reply[0]))
        {
            entry.Reply.ShouldContain(reply.Split(' ', 2)[1]);
        }

        _server.Seen.Count.ShouldBe(seen);
        _server.Lines.Where(line => line.StartsWith("Message-Id:", StringComparison.Ordinal)).Distinct().Count().ShouldBe(seen == 0 ? 0 : 1);
    }
}
