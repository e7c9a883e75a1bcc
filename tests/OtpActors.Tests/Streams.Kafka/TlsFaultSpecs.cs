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
        var failure = await AskAsync(_trusted);
        failure.Failure.ShouldBe(KafkaFailure.Denied);
        failure.Message.ShouldContain("ssl.ca.location");
    }

    [Fact]
    public async Task A_broker_of_another_name_is_a_fault()
    {
        _answer = (stream, _) => ShakeHandsAsync(stream, _elsewhere);
        (await AskAsync(_elsewhere)).Failure.ShouldBe(KafkaFailure.Denied);
    }

    [Fact]
    public async Task A_server_that_does_not_speak_TLS_is_a_fault()
    {
        _answer = async (stream, _) => await stream.WriteAsync("220 mail.example.com\r\n"u8.ToArray());
        (await AskAsync(_trusted)).Failure.ShouldBe(KafkaFailure.Denied);
    }

    /// <summary>As a broker does that dies; and so does one that takes plain connections alone: the two cannot be told apart.</summary>
    [Fact]
    public async Task A_connection_that_is_closed_before_the_handshake_is_an_outage()
    {
        _answer = async (stream, _) => await stream.ReadAsync(new byte[4_096]);
        (await AskAsync(_trusted)).Failure.ShouldBe(KafkaFailure.Unavailable);
    }

    [Fact]
    public async Task A_connection_that_is_closed_amid_the_handshake_is_an_outage()
    {
        _answer = async (stream, _) =>
        {
            await stream.ReadAsync(new byte[4_096]);
            await stream.WriteAsync(new byte[] { 0x16, 3, 3, 0, 80, 2 }); // the head of a record that never comes
        };
        (await AskAsync(_trusted)).Failure.ShouldBe(KafkaFailure.Unavailable);
    }

    [Fact]
    public async Task A_connection_that_is_reset_amid_the_handshake_is_an_outage()
    {
        _answer = async (stream, socket) =>
        {
            await stream.ReadAsync(new byte[4_096]);
            socket.LingerState = new LingerOption(true, 0);
        };
        (await AskAsync(_trusted)).Failure.ShouldBe(KafkaFailure.Unavailable);
    }

    [Fact]
    public async Task A_consumer_fails_with_what_is_wrong()
    {
        _answer = (stream, _) => ShakeHandsAsync(stream, _other);
        using var system = ActorSystem.Create("tls", "akka.loglevel = OFF");
        var settings = ConsumerSettings<byte[], byte[]>.Create(system, Deserializers.ByteArray, Deserializers.ByteArray)
            .WithGroupId("specs") with { OperationTimeout = Patience };
        foreach (var (name, value) in Properties(_trusted))
        {
            settings = settings.WithProperty(name, value);
        }

        var consuming = KafkaConsumer.CommittableBatchSource(settings, "t")
            .RunWith(Sink.Ignore<KafkaBatch<byte[], byte[]>>(), system.Materializer());
        (await Should.ThrowAsync<KafkaStreamException>(() => consuming.Soon())).Failure.ShouldBe(KafkaFailure.Denied);
        await system.Terminate();
    }

    private async Task<KafkaStreamException> AskAsync(TestAuthority trusted)
    {
        using var admin = new KafkaAdmin(Properties(trusted), Patience, TimeProvider.System);
        return await Should.ThrowAsync<KafkaStreamException>(() => admin.PartitionsAsync("t", TestContext.Current.CancellationToken).Soon());
    }

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
            }
            catch (Exception e) when (e is IOException or AuthenticationException)
            {
                // the client has had enough
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
