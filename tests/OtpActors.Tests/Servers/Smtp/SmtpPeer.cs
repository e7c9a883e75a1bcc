using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using Xunit;

namespace OtpActors.Tests.Servers.Smtp;

/// <summary>
/// A real mail server in a process of its own, on a free port of this machine. It dies with this object, and with the tests
/// however they end: a shell holds it, which kills it once its own standard input closes.
/// </summary>
internal sealed class SmtpPeer : IAsyncDisposable
{
    private const string Required = "OTPACTORS_REQUIRE_SERVERS";

    private const string Holder = """
        "$@" </dev/null &
        cat >/dev/null
        kill -9 $!
        """;

    private static readonly TimeSpan ReadyWithin = TimeSpan.FromSeconds(20);

    private static readonly string Folder = typeof(SmtpPeer).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(each => each.Key == "SmtpServers").Value!;

    private readonly Process _holder;
    private readonly TaskCompletionSource<int> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ConcurrentQueue<string> _errors = new();

    private SmtpPeer(string directory, params string[] command)
    {
        _holder = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", Holder, "sh", .. command])
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _holder.OutputDataReceived += (_, line) => Hear(line.Data);
        _holder.ErrorDataReceived += (_, line) => _errors.Enqueue(line.Data ?? "");
        _holder.BeginOutputReadLine();
        _holder.BeginErrorReadLine();
    }

    public int Port { get; private set; }

    /// <summary>What a server that tells has told until now, but for its port.</summary>
    public ConcurrentQueue<JsonElement> Events { get; } = new();

    /// <summary>The first event of this name. It is told before the client has its answer, and may be heard after.</summary>
    public async Task<JsonElement> EventAsync(string name)
    {
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            if (Events.Where(told => told.GetProperty("event").GetString() == name).Cast<JsonElement?>().FirstOrDefault() is { } found)
            {
                return found;
            }

            Assert.True(Stopwatch.GetElapsedTime(began) < ReadyWithin, $"The mail server tells of no {name}.");
            await Task.Delay(5);
        }
    }

    /// <summary>npm's smtp-server: STARTTLS, TLS and sign-in.</summary>
    public static async Task<SmtpPeer> SecureAsync(object options)
    {
        Require(Find("node"), "there is no node");
        Require(
            Directory.Exists(Path.Combine(Folder, "node_modules", "smtp-server")) ? Folder : null,
            $"smtp-server is not installed: npm ci --prefix {Folder}");
        return await new SmtpPeer(Folder, "node", "server.js", JsonSerializer.Serialize(options)).ListeningAsync();
    }

    /// <summary>aiosmtpd: the recipient's name says the reply.</summary>
    public static async Task<SmtpPeer> ScriptedAsync(params string[] arguments)
    {
        const string python = "/usr/bin/python3"; // Debian's packages belong to Debian's Python
        Require(
            File.Exists(python) && Directory.Exists("/usr/lib/python3/dist-packages/aiosmtpd") ? python : null,
            "aiosmtpd is not installed: apt-get install python3-aiosmtpd");
        return await new SmtpPeer(Folder, [python, "scripted.py", .. arguments]).ListeningAsync();
    }

    /// <summary>Postfix's smtp-sink, with its options for faults and dumps.</summary>
    public static async Task<SmtpPeer> SinkAsync(string directory, params string[] options)
    {
        var sink = Require(Find("smtp-sink"), "smtp-sink is not installed: apt-get install postfix");
        string[] user = Environment.IsPrivilegedProcess ? ["-u", "nobody"] : []; // it insists on it
        while (true)
        {
            var (port, name) = (FreePort(), $"sink-{Guid.NewGuid():N}");
            var peer = new SmtpPeer(directory, [sink, .. user, "-h", name, .. options, $"127.0.0.1:{port}", "100"]) { Port = port };
            if (await peer.GreetsAsync(name))
            {
                return peer;
            }

            await peer.DisposeAsync(); // somebody else was faster to take the port
        }
    }

    public async ValueTask DisposeAsync()
    {
        _holder.StandardInput.Close();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
    }

    /// <returns><paramref name="found"/>; without it the test is skipped, or fails where the servers are required.</returns>
    private static string Require(string? found, string why)
    {
        Assert.False(found is null && Environment.GetEnvironmentVariable(Required) == "1", $"It is required ({Required}=1): {why}");
        Assert.SkipWhen(found is null, why);
        return found!;
    }

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin")
            .Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private void Hear(string? line)
    {
        if (line is null)
        {
            return;
        }

        var told = JsonDocument.Parse(line).RootElement;
        if (told.GetProperty("event").GetString() == "listening")
        {
            _listening.TrySetResult(told.GetProperty("port").GetInt32());
        }
        else
        {
            Events.Enqueue(told);
        }
    }

    private async Task<SmtpPeer> ListeningAsync()
    {
        try
        {
            Port = await _listening.Task.WaitAsync(ReadyWithin);
            return this;
        }
        catch (TimeoutException)
        {
            await DisposeAsync();
            throw new TimeoutException($"The mail server does not listen: {string.Join('\n', _errors)}");
        }
    }

    private async Task<bool> GreetsAsync(string name)
    {
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < ReadyWithin)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, Port);
                using var reader = new StreamReader(client.GetStream());
                return (await reader.ReadLineAsync())?.Contains(name, StringComparison.Ordinal) == true;
            }
            catch (SocketException) when (!_errors.Any(line => line.Contains("fatal", StringComparison.Ordinal)))
            {
                await Task.Delay(10);
            }
            catch (SocketException)
            {
                return false;
            }
        }

        throw new TimeoutException($"smtp-sink does not greet: {string.Join('\n', _errors)}");
    }
}
