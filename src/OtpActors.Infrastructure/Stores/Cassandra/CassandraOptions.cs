using System.ComponentModel.DataAnnotations;
using OtpActors.Cql;
using OtpActors.Infrastructure.Configuration;

namespace OtpActors.Infrastructure.Stores.Cassandra;

/// <summary>The cluster behind the store <c>cassandra</c>: the section <c>OtpActors:Cassandra</c>.</summary>
public sealed class CassandraOptions
{
    /// <summary>Some of its nodes as <c>host</c> or <c>host:port</c>, with commas between. Default <c>localhost:9042</c>.</summary>
    [Required]
    [RegularExpression("[^@]*", ErrorMessage = "{0} must be host:port, with commas between; users and passwords have settings of their own")]
    [Shown]
    public string ContactPoints { get; set; } = "localhost:9042";

    /// <summary>Default <c>email_namespace</c>.</summary>
    [RegularExpression("[a-z][a-z0-9_]{0,47}", ErrorMessage = "{0} must be 1 to 48 of the characters a-z 0-9 _, a letter first")]
    [Shown]
    public string Keyspace { get; set; } = "email_namespace";

    /// <summary>Default <c>email_table</c>.</summary>
    [RegularExpression("[a-z][a-z0-9_]{0,47}", ErrorMessage = "{0} must be 1 to 48 of the characters a-z 0-9 _, a letter first")]
    [Shown]
    public string Table { get; set; } = "email_table";

    /// <summary>
    /// Replicas that a keyspace gets which is created; an existing one stays as it is. Default: 1 on a single node, else 3.
    /// </summary>
    [Range(1, 100)]
    public int? ReplicationFactor { get; set; }

    /// <summary>The data centre that is asked. Default: that of the first contact point that answers.</summary>
    [Shown]
    public string? LocalDatacenter { get; set; }

    /// <summary>Default: <c>LocalQuorum</c> where there is more than one replica, else <c>LocalOne</c>.</summary>
    public ConsistencyLevel? Consistency { get; set; }

    /// <summary><c>Safe</c> (default) keeps batches below what servers warn of; <c>Throughput</c> fills them to what they accept.</summary>
    public BatchProfile Batches { get; set; } = BatchProfile.Safe;

    /// <summary>Limit of each attempt of a query. Default 12 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:10:00")]
    public TimeSpan QueryTimeout { get; set; } = TimeSpan.FromSeconds(12);

    /// <summary>Null where the cluster asks for no user.</summary>
    public string? Username { get; set; }

    public Secret? Password { get; set; }

    /// <summary>Whether connections are secured; the certificate must be trusted and name the node.</summary>
    public bool Tls { get; set; }

    /// <summary>A PEM file of the authorities that are trusted instead of the system's.</summary>
    [Shown]
    public string? TlsAuthorities { get; set; }

    /// <summary>A PEM file with the client's certificate and key, for clusters that ask for one.</summary>
    [Shown]
    public string? TlsCertificate { get; set; }

    /// <summary>The password is not among what is shown.</summary>
    public override string ToString() => $"Cassandra at {ContactPoints}, {Keyspace}.{Table}";
}
