using System.Net;
using OtpActors.Cql.Connections;

namespace OtpActors.Cql;

/// <summary>A node of the cluster, known by its id: its address may change.</summary>
public sealed class Host
{
    internal Host(Guid hostId, IPEndPoint address, string datacenter, string rack, IReadOnlyList<long> tokens)
    {
        (HostId, Address, Datacenter, Rack, Tokens) = (hostId, address, datacenter, rack, tokens);
    }

    /// <summary>The node's id, which it keeps for life.</summary>
    public Guid HostId { get; }

    /// <summary>Where clients reach it.</summary>
    public IPEndPoint Address { get; }

    /// <summary>The data centre that it says it is in.</summary>
    public string Datacenter { get; }

    /// <summary>The rack that it says it is in.</summary>
    public string Rack { get; }

    /// <summary>Whether this client is connected to it.</summary>
    public bool IsUp => Pool?.Current is not null;

    internal IReadOnlyList<long> Tokens { get; }

    internal HostPool? Pool { get; set; }

    /// <summary>Address, data centre and rack.</summary>
    public override string ToString() => $"{Address} ({Datacenter}, {Rack})";
}
