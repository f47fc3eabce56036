package shop

import (
	"fmt"
	"strconv"
	"strings"
)

// Product is something the shop sells. Price is in US cents.
type Product struct {
	SKU   string `json:"sku"`
	Name  string `json:"name"`
	Price int64  `json:"price"`
}

// Catalogue is all that the shop sells.
var Catalogue = []Product{
	{"keyboard", "Keyboard", 4900},
	{"mouse", "Mouse", 2500},
	{"monitor", "Monitor", 18900},
	{"cable", "Cable", 900},
}

// Find looks a product up by its SKU, or by its name where there is no SKU.
func Find(sku, name string) (Product, bool) {
	for _, p := range Catalogue {
		if p.SKU == sku || (sku == "" && strings.EqualFold(p.Name, name)) {
			return p, true
		}
	}
	return Product{}, false
}

// SKUs lists what can be ordered.
func SKUs() []string {
	var skus []string
	for _, p := range Catalogue {
		skus = append(skus, p.SKU)
	}
	return skus
}

// Users is how many customers the shop knows: user-1 to user-20.
const Users = 20

var names = [Users]string{
	"Ada Moss", "Ben Ortiz", "Cleo Park", "Dan Quist", "Eva Rossi", "Finn Sato", "Gia Tran", "Hugo Udo", "Ines Vega", "Jon Ward",
	"Kim Xu", "Lea Young", "Max Zeller", "Nora Abel", "Otis Brandt", "Pia Costa", "Quinn Duarte", "Rosa Egger", "Sam Falk", "Tess Gray",
}

// User is a customer.
type User struct{ ID, Name, Email string }

// FindUser looks up a customer. Somebody the shop does not know, who came with
// an order from outside, is called by the id.
func FindUser(id string) User {
	if n, err := strconv.Atoi(strings.TrimPrefix(id, "user-")); err == nil && n >= 1 && n <= Users {
		name := names[n-1]
		return User{ID: id, Name: name, Email: strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com"}
	}
	return User{ID: id, Name: id}
}

// Money writes an amount of minor units as people do: 4900 is 49.00.
func Money(minor int64) string {
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	return fmt.Sprintf("%s%d.%02d", sign, minor/100, minor%100)
}
