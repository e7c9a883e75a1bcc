using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using OtpActors.Cql;

namespace OtpActors.Infrastructure.Stores.Cassandra;

/// <summary>Makes the driver's cluster from the settings.</summary>
internal static class CassandraConnector
{
    public static Cluster Build(CassandraOptions options, TimeProvider time)
    {
        var builder = Cluster.Builder()
            .AddContactPoints(options.ContactPoints.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .With(cluster => cluster with
            {
                LocalDatacenter = options.LocalDatacenter,
                QueryTimeout = options.QueryTimeout,
                MaxReconnectDelay = TimeSpan.FromSeconds(5), // a sink that holds its records waits no longer than that
                TimeProvider = time,
            });
        if (options.Username is { Length: > 0 } user)
        {
            builder.WithCredentials(user, options.Password?.Reveal() ?? "");
        }

        return (options.Tls ? builder.WithSSL(Tls(options)) : builder).Build();
    }

    private static SslOptions Tls(CassandraOptions options)
    {
        try
        {
            var authorities = new X509Certificate2Collection();
            if (options.TlsAuthorities is { Length: > 0 } file)
            {
                authorities.ImportFromPemFile(file);
            }

            return new SslOptions
            {
                TrustedAuthorities = authorities.Count > 0 ? authorities : null,
                ClientCertificates = options.TlsCertificate is { Length: > 0 } own
                    ? [X509Certificate2.CreateFromPemFile(own, own)]
                    : null,
            };
        }
        catch (Exception exception) when (exception is IOException or CryptographicException or UnauthorizedAccessException)
        {
            throw new StoreSetupException(
                $"A certificate of OtpActors:Cassandra cannot be read: {exception.Message} "
                + "TlsAuthorities and TlsCertificate name PEM files.",
                exception);
        }
    }
}
