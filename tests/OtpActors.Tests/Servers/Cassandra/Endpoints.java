import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.util.List;
import javax.management.ObjectName;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;

/** What `nodetool getendpoints` asks, for each key on standard input: PORT KEYSPACE TABLE, one line of addresses a key. */
public class Endpoints {
    public static void main(String[] args) throws Exception {
        var url = new JMXServiceURL("service:jmx:rmi:///jndi/rmi://127.0.0.1:" + args[0] + "/jmxrmi");
        var service = new ObjectName("org.apache.cassandra.db:type=StorageService");
        var types = new String[] {"java.lang.String", "java.lang.String", "java.lang.String"};
        try (var connector = JMXConnectorFactory.connect(url)) {
            var server = connector.getMBeanServerConnection();
            var keys = new BufferedReader(new InputStreamReader(System.in));
            for (var key = keys.readLine(); key != null; key = keys.readLine()) {
                var answer = (List<?>) server.invoke(service, "getNaturalEndpoints", new Object[] {args[1], args[2], key}, types);
                var line = new StringBuilder();
                for (var address : answer) {
                    line.append(((InetAddress) address).getHostAddress()).append(' ');
                }
                System.out.println(line.toString().trim());
            }
        }
    }
}
