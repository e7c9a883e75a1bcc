using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Streams;
using Akka.Streams.Dsl;
using Confluent.Kafka;
using OtpActors.Streams.Kafka;
using OtpActors.Streams.Kafka.Consumers;
using OtpActors.Tests.Servers.Smtp;
using OtpActors.Tests.Support;
using Shouldly;
using Xunit;

namespace OtpActors.Tests.Streams.Kafka;

/// <summary>Handshakes that fail under the client library: what is set up wrongly is told from what passes.</summary>
public sealed class TlsFaultSpecs : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);

    private readonly TestAuthority _trusted = new();
    private readonly TestAuthority _other = new();
    private readonly TestAuthority _elsewhere = new("elsewhere.example.com");
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Func<NetworkStream, Socket, Task> _answer = (_, _) => Task.CompletedTask;
    private Task _accepting = Task.CompletedTask;
    private volatile int _answered; // has one writer

    public ValueTask InitializeAsync()
    {
        _listener.Start();
        _accepting = AcceptAsync();
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Dispose();
        await _accepting;
        foreach (var authority in new[] { _trusted, _other, _elsewhere })
        {
            authority.Dispose();
        }
    }

    [Fact]
    public async Task A_broker_of_another_authority_is_a_fault_that_names_the_setting()
    {
        _answer = (stream, _) => ShakeHandsAsync(stream, _other);
        (await FaultAsync(_trusted)).Message.ShouldContain("ssl.ca.location");
    }

    [Fact]
    public async Task A_broker_of_another_name_is_a_fault()
    {
        _answer = (stream, _) => ShakeHandsAsync(stream, _elsewhere);
        (await FaultAsync(_elsewhere)).Message.ShouldContain("certificate verify failed");
    }

    [Fact]
    public async Task A_server_that_does_not_speak_TLS_is_a_fault()
    {
        _answer = async (stream, _) => await stream.WriteAsync("220 mail.example.com\r\n"u8.ToArray());
        (await FaultAsync(_trusted)).Message.ShouldContain("wrong version number");
    }

    /// <summary>As a broker does that dies; and so does one that takes plain connections alone: the two cannot be told apart.</summary>
    [Fact]
    public async Task A_connection_that_is_closed_before_the_handshake_is_an_outage()
    {
        _answer = async (stream, _) => await stream.ReadAtLeastAsync(new byte[4_096], minimumBytes: 1);
        await ShouldPassAsync();
    }

    [Fact]
    public async Task A_connection_that_is_closed_amid_the_handshake_is_an_outage()
    {
        _answer = async (stream, _) =>
        {
            await stream.ReadAtLeastAsync(new byte[4_096], minimumBytes: 1);
            await stream.WriteAsync(new byte[] { 0x16, 3, 3, 0, 80, 2 }); // the head of a record that never comes
        };
        await ShouldPassAsync();
    }

    [Fact]
    public async Task A_connection_that_is_reset_amid_the_handshake_is_an_outage()
    {
        _answer = async (stream, socket) =>
        {
            await stream.ReadAtLeastAsync(new byte[4_096], minimumBytes: 1);
            socket.LingerState = new LingerOption(true, 0);
        };
        await ShouldPassAsync();
    }

    [Fact]
    public async Task A_consumer_fails_with_what_is_wrong()
    {
        _answer = (stream, _) => ShakeHandsAsync(stream, _other);
        using var system = ActorSystem.Create("tls", "akka.loglevel = OFF");
        var settings = ConsumerSettings<byte[], byte[]>.Create(system, Deserializers.ByteArray, Deserializers.ByteArray)
            .WithGroupId("specs");
        foreach (var (name, value) in Properties(_trusted))
        {
            settings = settings.WithProperty(name, value);
        }

        settings = settings with { OperationTimeout = TimeSpan.FromSeconds(10) }; // the handshake fails within it
        var consuming = KafkaConsumer.CommittableBatchSource(settings, "t")
            .RunWith(Sink.Ignore<KafkaBatch<byte[], byte[]>>(), system.Materializer());
        (await Should.ThrowAsync<KafkaStreamException>(() => consuming.Eventually())).Failure.ShouldBe(KafkaFailure.Denied);
        await system.Terminate();
    }

    /// <summary>What is said once a handshake has failed: a question may be over before.</summary>
    private async Task<KafkaStreamException> FaultAsync(TestAuthority trusted)
    {
        using var admin = new KafkaAdmin(Properties(trusted), Patience, TimeProvider.System);
        KafkaStreamException failure;
        for (var asked = 0; (failure = await AskAsync(admin)).Failure == KafkaFailure.Unavailable; asked++)
        {
            asked.ShouldBeLessThan(30, failure.Message);
        }

        failure.Failure.ShouldBe(KafkaFailure.Denied, failure.Message);
        return failure;
    }

    /// <summary>Each question finds no broker, that after many a failed handshake too.</summary>
    private async Task ShouldPassAsync()
    {
        using var admin = new KafkaAdmin(Properties(_trusted), Patience, TimeProvider.System);
        for (var seen = 0; seen < 5; seen = _answered)
        {
            (await AskAsync(admin)).Failure.ShouldBe(KafkaFailure.Unavailable);
        }

        (await AskAsync(admin)).Failure.ShouldBe(KafkaFailure.Unavailable);
    }

    private static Task<KafkaStreamException> AskAsync(KafkaAdmin admin) => Should.ThrowAsync<KafkaStreamException>(
        () => admin.PartitionsAsync("t", TestContext.Current.CancellationToken).Eventually());

    private Dictionary<string, string> Properties(TestAuthority trusted) => new()
    {
        ["bootstrap.servers"] = $"localhost:{((IPEndPoint)_listener.LocalEndpoint).Port}",
        ["broker.address.family"] = "v4",
        ["security.protocol"] = "ssl",
        ["ssl.ca.location"] = trusted.AuthorityFile,
    };

    private static async Task ShakeHandsAsync(Stream stream, TestAuthority authority)
    {
        using var certificate = X509Certificate2.CreateFromPemFile(authority.CertificateFile, authority.KeyFile);
        await using var tls = new SslStream(stream);
        await tls.AuthenticateAsServerAsync(certificate);
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            try
            {
                using var client = await _listener.AcceptTcpClientAsync();
                await _answer(client.GetStream(), client.Client);
                _answered++;
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // the client has had enough
            }
            catch (Exception e) when (e is SocketException or InvalidOperationException)
            {
                return; // it listens no more
            }
        }
    }
}
