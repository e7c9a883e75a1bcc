using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OtpActors.Tests.Fakes;

/// <summary>Where in a mail's transaction a <see cref="FakeSmtpServer"/> is asked what to do.</summary>
public enum SmtpMoment
{
    Greeting,
    Mail,
    Rcpt,
    Data,

    /// <summary>The whole content is there, and not answered.</summary>
    Content,
}

/// <summary>
/// A mail server in this process, for what no real one does on demand: it ends a connection at a chosen moment, or says
/// nothing more. It keeps every byte that it saw. On a free port of this machine.
/// </summary>
internal sealed class FakeSmtpServer : IAsyncDisposable
{
    /// <summary>Instead of a reply: the connection ends.</summary>
    public const string Drop = "drop";

    /// <summary>Instead of a reply: silence.</summary>
    public const string Silence = "silence";

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _ending = new();
    private readonly ConcurrentBag<Task> _sessions = [];
    private readonly Task _accepting;

    public FakeSmtpServer()
    {
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>The reply at a moment for the transaction's recipient; null for the usual one.</summary>
    public Func<SmtpMoment, string, string?> Script { get; set; } = (_, _) => null;

    /// <summary>Comes before each reply that a script may give.</summary>
    public Func<SmtpMoment, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>What EHLO offers.</summary>
    public string[] Extensions { get; set; } = ["PIPELINING", "8BITMIME", "SMTPUTF8"];

    /// <summary>Contents that were seen whole, whether they were acknowledged or not: recipient and text.</summary>
    public ConcurrentQueue<(string Recipient, string Content)> Seen { get; } = new();

    /// <summary>Every line of every client, content included.</summary>
    public ConcurrentQueue<string> Lines { get; } = new();

    public int Connections { get; private set; }

    /// <summary>From now on no connection comes about; those that are there stay.</summary>
    public void Refuse() => _listener.Stop();

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Stop();
        await _accepting;
        await Task.WhenAll(_sessions);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync(_ending.Token);
                Connections++;
                _sessions.Add(Task.Run(() => ServeAsync(client)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // the end
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        try
        {
            using (client)
            {
                client.NoDelay = true;
                await new Session(this, client.GetStream()).RunAsync(_ending.Token);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // the client went, or the test is over
        }
    }

    private sealed class Session(FakeSmtpServer server, NetworkStream stream)
    {
        private readonly StreamReader _reader = new(stream, Encoding.UTF8);
        private string _recipient = "";

        public async Task RunAsync(CancellationToken ending)
        {
            if (!await ReplyAsync(SmtpMoment.Greeting, "220 fake", ending))
            {
                return;
            }

            while (await _reader.ReadLineAsync(ending) is { } line)
            {
                server.Lines.Enqueue(line);
                var verb = line.Split(' ', ':')[0].ToUpperInvariant();
                switch (verb)
                {
                    case "EHLO":
                        string[] offers = ["fake", .. server.Extensions];
                        for (var i = 0; i < offers.Length; i++)
                        {
                            await SayAsync($"250{(i == offers.Length - 1 ? ' ' : '-')}{offers[i]}", ending);
                        }

                        break;
                    case "MAIL" when !await ReplyAsync(SmtpMoment.Mail, "250 ok", ending):
                        return;
                    case "RCPT":
                        _recipient = line[(line.IndexOf('<') + 1)..line.IndexOf('>')];
                        if (!await ReplyAsync(SmtpMoment.Rcpt, "250 ok", ending))
                        {
                            return;
                        }

                        break;
                    case "DATA" when !await DataAsync(ending):
                        return;
                    case "QUIT":
                        await SayAsync("221 bye", ending);
                        return;
                    case "RSET" or "NOOP":
                        await SayAsync("250 ok", ending);
                        break;
                    case "MAIL" or "DATA":
                        break;
                    default:
                        await SayAsync("502 no", ending);
                        break;
                }
            }
        }

        private async Task<bool> DataAsync(CancellationToken ending)
        {
            if (server.Script(SmtpMoment.Data, _recipient) is { } other)
            {
                return await SayAsync(other, ending);
            }

            await SayAsync("354 go on", ending);
            var content = new StringBuilder();
            while (await _reader.ReadLineAsync(ending) is { } line)
            {
                server.Lines.Enqueue(line);
                if (line == ".")
                {
                    server.Seen.Enqueue((_recipient, content.ToString()));
                    return await ReplyAsync(SmtpMoment.Content, "250 taken", ending);
                }

                content.Append(line.StartsWith('.') ? line[1..] : line).Append("\r\n");
            }

            return false;
        }

        private async Task<bool> ReplyAsync(SmtpMoment moment, string usual, CancellationToken ending)
        {
            await server.Before(moment);
            return await SayAsync(server.Script(moment, _recipient) ?? usual, ending);
        }

        /// <returns>Whether the session goes on.</returns>
        private async Task<bool> SayAsync(string reply, CancellationToken ending)
        {
            if (reply == Drop)
            {
                return false;
            }

            if (reply == Silence)
            {
                await Task.Delay(Timeout.Infinite, ending);
            }

            await stream.WriteAsync(Encoding.UTF8.GetBytes(reply + "\r\n"), ending);
            return !reply.StartsWith("421", StringComparison.Ordinal);
        }
    }
}
